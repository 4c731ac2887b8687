"""The OPT record of a reply: extended response code and Extended DNS Errors (RFC 6891, RFC 8914)."""

from __future__ import annotations

from dataclasses import dataclass

from resolver.exchange.records import Record
from resolver.exchange.wire import Cursor, MalformedReplyError

_EDE_OPTION = 15
_MAX_ERRORS = 4
"""More Extended DNS Errors than an answer can need are not kept."""
_MAX_TEXT = 256
"""A longer EXTRA-TEXT would crowd the records out of a small answer; the code is kept, the text is not."""


@dataclass(frozen=True, slots=True)
class Edns:
    """What an OPT record says. ``rcode_high`` are the upper eight bits of the extended response code."""

    rcode_high: int
    ede: tuple[tuple[int, bytes], ...]


def read_edns(cursor: Cursor, record: Record) -> Edns:
    """Read an OPT record. MalformedReplyError if its owner is not the root or an option does not fit."""
    if record.owner != b"\x00":
        raise MalformedReplyError("the OPT record's owner is not the root")
    cursor.position = record.start
    errors: list[tuple[int, bytes]] = []
    while cursor.position < record.end:
        code, length = cursor.number(2), cursor.number(2)
        value = cursor.take(length)
        if code == _EDE_OPTION and length >= 2 and len(errors) < _MAX_ERRORS:
            errors.append(_extended_error(value))
    if cursor.position != record.end:
        raise MalformedReplyError("the options of the OPT record and its length do not agree")
    return Edns(record.ttl >> 24, tuple(errors))


def _extended_error(value: bytes) -> tuple[int, bytes]:
    text = value[2:]
    return int.from_bytes(value[:2], "big"), text if len(text) <= _MAX_TEXT else b""
