"""Names between presentation form (RFC 1035 section 5.1, RFC 4343 section 2.1) and uncompressed wire form."""

from __future__ import annotations

import re

from blocklists.canonical.errors import CanonicalError
from blocklists.model import SkipReason

MAX_WIRE = 255
"""Octets of a whole name, the root's length octet included (RFC 1035 section 2.3.4)."""
MAX_LABEL = 63
_MAX_TEXT = 4 * MAX_WIRE
_SPECIAL = frozenset(b'".;\\()@$')
_ESCAPE = re.compile(rb"\\(?:([0-9]{3})|([^0-9]))", re.DOTALL)
_LABELS = re.compile(rb"((?:[^.\\]|\\[0-9]{3}|\\[^0-9])+)(?:\.|\Z)", re.DOTALL)
_TEXT_OF = tuple(
    f"\\{chr(octet)}" if octet in _SPECIAL else chr(octet) if 0x20 < octet < 0x7F else f"\\{octet:03d}"
    for octet in range(256)
)


def to_wire(name: str) -> bytes:
    """The wire form of a name in presentation form, with or without a trailing dot; ``.`` is the root.

    Case is kept. CanonicalError (bad-name) for an empty or too long label or name, a bad escape or non-ASCII text.
    """
    if name == ".":
        return b"\x00"
    if not name.isascii() or not 0 < len(name) <= _MAX_TEXT:
        raise CanonicalError(SkipReason.BAD_NAME)
    data = name.encode("ascii")
    labels = _split(data) if b"\\" in data else data.removesuffix(b".").split(b".")
    if not all(0 < len(label) <= MAX_LABEL for label in labels):
        raise CanonicalError(SkipReason.BAD_NAME)
    wire = b"".join(bytes((len(label),)) + label for label in labels) + b"\x00"
    if len(wire) > MAX_WIRE:
        raise CanonicalError(SkipReason.BAD_NAME)
    return wire


def from_wire(wire: bytes) -> str:
    """The presentation form of an uncompressed wire name, without a trailing dot; the root is ``.``.

    CanonicalError (bad-name) for a compressed, cut-off, too long or overlong (bytes after the root) name.
    """
    if not 0 < len(wire) <= MAX_WIRE:
        raise CanonicalError(SkipReason.BAD_NAME)
    labels = []
    position = 0
    while (length := wire[position]) != 0:
        end = position + 1 + length
        if length > MAX_LABEL or end >= len(wire):
            raise CanonicalError(SkipReason.BAD_NAME)
        labels.append("".join(_TEXT_OF[octet] for octet in wire[position + 1 : end]))
        position = end
    if position + 1 != len(wire):
        raise CanonicalError(SkipReason.BAD_NAME)
    return ".".join(labels) or "."


def _split(data: bytes) -> list[bytes]:
    """The labels of a name with escapes; an empty label stands for whatever is malformed."""
    labels = []
    position = 0
    while position < len(data):
        match = _LABELS.match(data, position)
        if match is None:
            return [b""]
        labels.append(_ESCAPE.sub(_unescape, match[1]))
        position = match.end()
    return labels


def _unescape(match: re.Match[bytes]) -> bytes:
    digits: bytes | None = match[1]
    if digits is None:
        return bytes(match[2])
    if int(digits) > 0xFF:
        raise CanonicalError(SkipReason.BAD_NAME)
    return bytes((int(digits),))
