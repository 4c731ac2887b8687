"""Writes a message anew, with names compressed against each other (RFC 1035 section 4.1.4)."""

from __future__ import annotations

import struct

from resolver.exchange.wire import HEADER_BYTES, MAX_MESSAGE, MalformedReplyError, suffixes

_HEADER = struct.Struct("!6H")
_POINTER_LIMIT = 0x4000
"""A compression pointer has 14 bits."""


class Writer:
    """A message in the making. Names are compared without case and keep the case in which they were first written."""

    __slots__ = ("_out", "_places")

    def __init__(self) -> None:
        """Leave room for the header."""
        self._out = bytearray(HEADER_BYTES)
        self._places: dict[bytes, int] = {}

    @property
    def position(self) -> int:
        """Where the next octet goes."""
        return len(self._out)

    def put(self, data: bytes) -> None:
        """Append octets as they are."""
        self._out += data

    def put_number(self, value: int, octets: int) -> None:
        """Append an unsigned number."""
        self._out += value.to_bytes(octets, "big")

    def put_name(self, name: bytes, *, compress: bool = True) -> None:
        """Append a name; ``compress`` is for owners and the types of RFC 1035 only (RFC 3597 section 4)."""
        start = self.position
        for suffix in suffixes(name.lower()):
            offset = len(name) - len(suffix)
            place = self._places.get(suffix)
            if place is not None and compress and len(suffix) > 1:
                self._out += name[:offset]
                self.put_number(0xC000 | place, 2)
                return
            if place is None and start + offset < _POINTER_LIMIT:
                self._places[suffix] = start + offset
        self._out += name

    def patch_number(self, position: int, value: int, octets: int) -> None:
        """Overwrite a number that was put before what it counts."""
        self._out[position : position + octets] = value.to_bytes(octets, "big")

    def finish(self, flags: int, answers: int, authorities: int) -> bytes:
        """The whole message with id 0 and one question. MalformedReplyError if it outgrew 65535 octets."""
        if len(self._out) > MAX_MESSAGE:
            raise MalformedReplyError("without its compression the message is too long")
        _HEADER.pack_into(self._out, 0, 0, flags, 1, answers, authorities, 0)
        return bytes(self._out)
