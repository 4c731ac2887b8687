"""Gzip (RFC 1952) unpacked piece by piece with a bound on what comes out."""

from __future__ import annotations

import zlib

_WINDOW = 16 + zlib.MAX_WBITS


class Unpacker:
    """One gzip stream of any number of members."""

    def __init__(self) -> None:
        """Begin before the first member."""
        self._member = zlib.decompressobj(_WINDOW)

    @property
    def is_whole(self) -> bool:
        """True if the stream ends after a complete member."""
        return self._member.eof

    def feed(self, data: bytes, limit: int) -> bytes:
        """Unpack ``data``; at most ``limit`` bytes come out, and what is beyond them is lost. zlib.error if damaged."""
        pieces = []
        while data and limit > 0:
            if self._member.eof:
                self._member = zlib.decompressobj(_WINDOW)
            piece = self._member.decompress(data, limit)
            pieces.append(piece)
            limit -= len(piece)
            data = self._member.unused_data
        return b"".join(pieces)
