"""The gate before any parsing: is this a list at all? Pure."""

from __future__ import annotations

import re

from blocklists.gates.failures import Gate, GateFailure

_SNIFFED = 4096
"""Bytes at the start that tell a page from a list."""
_MAX_CONTROLS = 0.02
"""Share of control characters above which text is no text; Latin-1 and UTF-8 have none."""
_MARKUP = re.compile(rb"\s*(?:<!doctype|<html|<head|<body|<script|<\?xml|<!--)", re.IGNORECASE)
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7-Zip",
}
_CONTROLS = bytes(octet for octet in range(0x20) if octet not in b"\t\n\v\f\r\x1b") + b"\x7f"
_LOOK = "Open the list's address and see what it sends; the last good version goes on serving."


def inspect_bytes(data: bytes) -> GateFailure | None:
    """None if the bytes can be a list of lines; else why not."""
    head = data[:_SNIFFED].removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(head):
        return GateFailure(Gate.MARKUP, "A web page came instead of a list.", _LOOK)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "The list is in UTF-16; lists are read as UTF-8."
        return GateFailure(Gate.ENCODING, message, "Ask the publisher for UTF-8, or convert the file.")
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            message = f"The list is packed ({name})."
            return GateFailure(
                Gate.BINARY, message, "Use the address of the unpacked list, or unpack the file."
            )
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if b"\0" in data or controls > _MAX_CONTROLS * len(head):
        return GateFailure(Gate.BINARY, "The content is binary, not text.", _LOOK)
    return None
