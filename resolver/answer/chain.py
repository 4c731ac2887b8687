"""An answer behind an alias made here: safe search, a built-in zone's CNAME, an RPZ list's local data.

This is off the hot path, so the upstream's part is read and written again by dnslib instead of patched.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from dnslib import DNSError, DNSRecord
from dnslib.buffer import BufferError as DnslibBufferError

from resolver.answer.message import Query, Rcode
from resolver.answer.reply import Record, record, synthesised


class ChainError(ValueError):
    """The upstream's part cannot be read, so no whole answer can be made."""


def behind_alias(
    query: Query, aliases: Sequence[Record], wire: bytes, *, age: int, ttl_ceiling: int | None = None
) -> bytes:
    """The query answered by ``aliases`` followed by the answer and authority records of the message ``wire``."""
    try:
        rest = DNSRecord.parse(wire)
        for entry in (*rest.rr, *rest.auth):
            entry.ttl = max(entry.ttl - age, 0) if ttl_ceiling is None else ttl_ceiling
        message = DNSRecord.parse(
            synthesised(query, rest.header.rcode, [record(*alias) for alias in aliases])
        )
        message.add_answer(*rest.rr)
        message.add_auth(*rest.auth)
        packed = bytes(message.pack())
    except (DNSError, DnslibBufferError, struct.error, ValueError, IndexError) as error:
        raise ChainError("the answer behind an alias cannot be read") from error
    return packed


def aliases_only(query: Query, aliases: Sequence[Record], rcode: int = Rcode.NOERROR) -> bytes:
    """The aliases alone: the chain ends in nothing, or in what could not be resolved."""
    return synthesised(query, rcode, [record(*alias) for alias in aliases])
