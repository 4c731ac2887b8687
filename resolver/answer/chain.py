"""An answer behind an alias made here: safe search, a built-in zone's CNAME, an RPZ list's local data.

The whole is written like a kept answer (``resolver.exchange.model``), so that it is patched for each client as those
are, and may be kept itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resolver.answer.message import Query, Rcode
from resolver.answer.reply import TYPE_CNAME, Record, record, synthesised
from resolver.exchange.records import read_record, write_record
from resolver.exchange.wire import Cursor, MalformedReplyError
from resolver.exchange.writer import Writer

_CLASS_IN = 1


class ChainError(ValueError):
    """The upstream's part cannot be read, so no whole answer can be made."""


@dataclass(frozen=True, slots=True)
class Chained:
    """A message with id 0 and its question in lower case. Only the TTLs at ``ttl_offsets`` age: the aliases do not."""

    wire: bytes
    ttl_offsets: tuple[int, ...]


def behind_alias(query: Query, aliases: Sequence[Record], wire: bytes) -> Chained:
    """The query answered by ``aliases`` followed by the answer and authority records of the message ``wire``."""
    try:
        return _written(query, aliases, Cursor(wire))
    except MalformedReplyError as error:
        raise ChainError("the answer behind an alias cannot be read") from error


def _written(query: Query, aliases: Sequence[Record], kept: Cursor) -> Chained:
    kept.take(2)
    flags, _, answers, authorities, _ = (kept.number(2) for _ in range(5))
    kept.name()
    kept.take(4)
    writer = Writer()
    writer.put_name(query.name)
    writer.put_number(query.qtype, 2)
    writer.put_number(query.qclass, 2)
    for alias in aliases:
        _put_alias(writer, alias)
    offsets = []
    for _ in range(answers + authorities):
        entry = read_record(kept)
        following = kept.position
        offsets.append(write_record(writer, kept, entry, entry.ttl))
        kept.position = following
    return Chained(writer.finish(flags, len(aliases) + answers, authorities), tuple(offsets))


def _put_alias(writer: Writer, alias: Record) -> None:
    owner, rtype, ttl, rdata = alias
    writer.put_name(owner)
    writer.put_number(rtype, 2)
    writer.put_number(_CLASS_IN, 2)
    writer.put_number(ttl, 4)
    length_position = writer.position
    writer.put_number(0, 2)
    if rtype == TYPE_CNAME:
        writer.put_name(rdata)
    else:
        writer.put(rdata)
    writer.patch_number(length_position, writer.position - length_position - 2, 2)


def aliases_only(query: Query, aliases: Sequence[Record], rcode: int = Rcode.NOERROR) -> bytes:
    """The aliases alone: the chain ends in nothing, or in what could not be resolved."""
    return synthesised(query, rcode, [record(*alias) for alias in aliases])
