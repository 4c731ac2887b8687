"""RPZ local data: the records that a zone gives instead of the usual blocked answer."""

from __future__ import annotations

from collections.abc import Sequence

from resolver.answer.records import to_record
from resolver.answer.reply import TYPE_CNAME, Record
from resolver.policy.reasons import BLOCKED_TTL
from resolver.tables.model import LocalRecord

_TYPE_ANY = 255
_WILDCARD = b"\1*"
_MAX_WIRE = 255


class NameTooLongError(ValueError):
    """The name that was asked does not fit below a zone's target."""


def zone_records(data: Sequence[tuple[str, int, str]], owner: bytes, qtype: int) -> tuple[Record, ...]:
    """The records of ``data`` (type, TTL in seconds, rdata as text) that answer a question of this type, or the CNAME.

    ``owner`` is the wire name that was asked. ANY gets one set of records (RFC 8482 section 4.1). A target
    ``*.garden.example`` becomes the owner below ``garden.example``. NameTooLongError if that is no name.
    """
    records = [to_record(LocalRecord(".", rtype, min(ttl, BLOCKED_TTL), rdata)) for rtype, ttl, rdata in data]
    wanted = {qtype, TYPE_CNAME} if qtype != _TYPE_ANY else {rtype for _, rtype, _, _ in records[:1]}
    return tuple(
        (owner, rtype, ttl, _below(owner, rdata) if rtype == TYPE_CNAME else rdata)
        for _, rtype, ttl, rdata in records
        if rtype in wanted
    )


def _below(owner: bytes, target: bytes) -> bytes:
    if not target.startswith(_WILDCARD):
        return target
    name = owner[:-1] + target[len(_WILDCARD) :]
    if len(name) > _MAX_WIRE:
        raise NameTooLongError("the name asked for is too long below the target")
    return name
