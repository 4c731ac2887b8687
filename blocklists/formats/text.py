"""From the bytes of a list to its lines."""

from __future__ import annotations

from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"


def lines(data: bytes) -> Iterator[str]:
    """The lines of a list without their LF or CRLF, BOM taken off; a last line needs no line end."""
    text = data.removeprefix(BOM).decode("utf-8", "surrogateescape")
    parts = text.split("\n")
    if not parts[-1]:
        del parts[-1]
    return (part.removesuffix("\r") for part in parts)
