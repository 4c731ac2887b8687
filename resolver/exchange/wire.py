"""A bounded cursor over a received message, and the few things that everybody asks of wire names.

Rule 1: nothing is read outside the message. Rule 2: a compression pointer leads strictly backwards, so every name
ends. Rule 3: whatever does not fit is one error, MalformedReplyError, and never another.

A wire name's length octets are at most 63 and so never letters: ``bytes.lower()`` on a whole name is exact.
"""

from __future__ import annotations

from collections.abc import Iterator

HEADER_BYTES = 12
MAX_NAME = 255
"""Octets of a name with its root label (RFC 1035 section 2.3.4)."""
MAX_MESSAGE = 0xFFFF
"""The largest message that TCP's length prefix can announce (RFC 1035 section 4.2.2)."""

_POINTER = 0xC0


class MalformedReplyError(ValueError):
    """A message that is no well-formed reply; the text says what is wrong with it."""


class Cursor:
    """Reads a message from ``position`` on. Names already read are remembered by their place."""

    __slots__ = ("_data", "_names", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        """Start at ``position``."""
        self._data = data
        self._names: dict[int, bytes] = {}
        self.position = position

    def take(self, length: int) -> bytes:
        """The next ``length`` octets. MalformedReplyError if the message ends before."""
        end = self.position + length
        if end > len(self._data):
            raise MalformedReplyError("the message ends inside a field")
        taken = self._data[self.position : end]
        self.position = end
        return taken

    def number(self, octets: int) -> int:
        """The next ``octets`` octets as an unsigned number. MalformedReplyError if the message ends before."""
        return int.from_bytes(self.take(octets), "big")

    def name(self) -> bytes:
        """The next name, without compression, in the case received. MalformedReplyError if it is none."""
        name, self.position = self._name_at(self.position)
        return name

    def _name_at(self, start: int) -> tuple[bytes, int]:
        """The name at ``start`` and the position after it."""
        parts: list[bytes] = []
        segments: list[tuple[int, int]] = [(start, 0)]
        length, position, after = 0, start, 0
        while True:
            octet = self._octet(position)
            if octet >= _POINTER:
                target = (octet & 0x3F) << 8 | self._octet(position + 1)
                after = after or position + 2
                if not HEADER_BYTES <= target < segments[-1][0]:
                    raise MalformedReplyError("a compression pointer does not lead backwards")
                position = target
                if (known := self._names.get(target)) is not None:
                    parts.append(known)
                    length += len(known)
                    break
                segments.append((target, length))
                continue
            parts.append(self._label(position, octet))
            position += octet + 1
            length += octet + 1
            if octet == 0 or length > MAX_NAME:
                break
        return self._remember(parts, segments), after or position

    def _octet(self, position: int) -> int:
        if position >= len(self._data):
            raise MalformedReplyError("the message ends inside a name")
        return self._data[position]

    def _label(self, position: int, length: int) -> bytes:
        """A label with its length octet."""
        if length & _POINTER:
            raise MalformedReplyError("a label has a type that does not exist")
        if position + length >= len(self._data):
            raise MalformedReplyError("the message ends inside a label")
        return self._data[position : position + length + 1]

    def _remember(self, parts: list[bytes], segments: list[tuple[int, int]]) -> bytes:
        name = b"".join(parts)
        if len(name) > MAX_NAME:
            raise MalformedReplyError("a name is longer than 255 octets")
        for place, offset in segments:
            self._names[place] = name[offset:]
        return name


def suffixes(name: bytes) -> Iterator[bytes]:
    """The name itself, then each parent down to the root (``b"\\x00"``), longest first."""
    position = 0
    while name[position]:
        yield name[position:]
        position += name[position] + 1
    yield name[position:]


def is_at_or_below(name: bytes, apex: bytes) -> bool:
    """Whether ``apex`` is the name or one of its parents; both in lower case."""
    return name.endswith(apex) and apex in suffixes(name)
