"""Gzip under ceilings: what comes out is bounded, and so is how much more comes out than goes in."""

from __future__ import annotations

import zlib

from blocklists.sources.gunzip import Unpacker
from blocklists.sources.model import FetchError, too_large

MAX_RATIO = 200
"""Bytes out for each byte in. Real lists give 3 to 20; gzip could give 1,032, which only a bomb does."""
RATIO_SLACK = 1024 * 1024
"""Bytes that may come out whatever goes in: short texts of one name over and over are no bomb."""
_MAGIC = b"\x1f\x8b"


class BoundedUnpacker:
    """One gzip stream. FetchError names ``place``."""

    def __init__(self, place: str, limit: int) -> None:
        """``limit`` bytes may come out."""
        self._place, self._limit = place, limit
        self._unpacker = Unpacker()
        self._packed = self._unpacked = 0

    def feed(self, packed: bytes) -> bytes:
        """Unpack a piece. FetchError if it is damaged or beyond a ceiling."""
        self._packed += len(packed)
        room = self._limit - self._unpacked
        fair = RATIO_SLACK + MAX_RATIO * self._packed - self._unpacked
        try:
            piece = self._unpacker.feed(packed, min(room, fair) + 1)
        except zlib.error:
            raise FetchError(f"{self._place}: damaged on the way (gzip); try again") from None
        self._unpacked += len(piece)
        if len(piece) > room:
            raise too_large(self._place, self._limit)
        if len(piece) > fair:
            raise FetchError(
                f"{self._place}: unpacks to more than {MAX_RATIO} times its size, as no list does (gzip bomb); "
                "ask its publisher"
            )
        return piece

    def finish(self) -> None:
        """FetchError unless the stream has come to its end."""
        if not self._unpacker.is_whole:
            raise FetchError(f"{self._place}: cut short on the way (gzip); try again")


def unpacked(data: bytes, place: str, limit: int) -> bytes:
    """The text of a file that may be gzip'ed; anything else as it is. FetchError as ``BoundedUnpacker``."""
    if not data.startswith(_MAGIC):
        return data
    unpacker = BoundedUnpacker(place, limit)
    whole = memoryview(data)
    pieces = [unpacker.feed(bytes(whole[start : start + _PIECE])) for start in range(0, len(data), _PIECE)]
    unpacker.finish()
    return b"".join(pieces)


_PIECE = 64 * 1024
