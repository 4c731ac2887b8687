"""Which records of a reply belong to its question.

A record that the question did not lead to is the vehicle of cache poisoning (RFC 5452 section 6), so only these stay:
records of the asked type, CNAME, DNAME and RRSIG whose owner lies on the chain of aliases from the question; in the
authority section of a negative answer the SOA of a zone around the chain's end; and, when DNSSEC was asked for, the
records of a proof. Owners are compared without case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resolver.exchange.model import Question
from resolver.exchange.records import CLASS_ANY, Record, Type, name_in
from resolver.exchange.wire import Cursor, MalformedReplyError, is_at_or_below, suffixes

MAX_CHAIN = 32
"""Aliases in one answer; other resolvers stop at 11 to 16."""

_PROOF = frozenset({int(Type.NSEC), int(Type.NSEC3)})


@dataclass(frozen=True, slots=True)
class Chain:
    """The aliases from the question: every name on it, the owners of DNAMEs that were used, and its last name."""

    names: frozenset[bytes]
    dnames: frozenset[bytes]
    end: bytes


def follow(cursor: Cursor, question: Question, records: Sequence[Record]) -> Chain:
    """Walk the aliases among ``records``. MalformedReplyError if there are more than MAX_CHAIN."""
    records = [record for record in records if question.qclass in (record.rclass, CLASS_ANY)]
    aliases = {
        record.owner.lower(): record
        for record in reversed(records)
        if record.rtype == Type.CNAME and question.qtype not in (Type.CNAME, Type.ANY)
    }
    redirected = {record.owner.lower() for record in records if record.rtype == Type.DNAME}
    current = question.name
    names, dnames = {current}, set[bytes]()
    while True:
        if redirected:
            dnames |= redirected.intersection(list(suffixes(current))[1:])
        alias = aliases.get(current)
        following = name_in(cursor, alias) if alias is not None else current
        if following in names:
            return Chain(frozenset(names), frozenset(dnames), current)
        if len(names) > MAX_CHAIN:
            raise MalformedReplyError(f"more than {MAX_CHAIN} aliases")
        names.add(following)
        current = following


def answers(question: Question, chain: Chain, records: Sequence[Record]) -> list[Record]:
    """The records of an answer section that belong, in their order."""
    wanted = {question.qtype, int(Type.CNAME), int(Type.DNAME), int(Type.RRSIG)}
    everything = question.qtype == Type.ANY

    def belongs(record: Record) -> bool:
        if question.qclass not in (record.rclass, CLASS_ANY) or record.rtype == Type.OPT:
            return False
        owner = record.owner.lower()
        if owner in chain.names:
            return everything or record.rtype in wanted
        return owner in chain.dnames and record.rtype in (Type.DNAME, Type.RRSIG)

    return [record for record in records if belongs(record)]


def start_of_authority(question: Question, chain: Chain, records: Sequence[Record]) -> Record | None:
    """The SOA that lets a negative answer be kept (RFC 2308 section 5): of a zone that holds the chain's end."""
    for record in records:
        if (
            record.rtype == Type.SOA
            and question.qclass in (record.rclass, CLASS_ANY)
            and is_at_or_below(chain.end, record.owner.lower())
        ):
            return record
    return None


def proof(cursor: Cursor, question: Question, records: Sequence[Record], soa: Record | None) -> list[Record]:
    """The NSEC and NSEC3 records and the signatures of these and of ``soa``; none unless DNSSEC was asked for."""
    if not question.dnssec_ok:
        return []
    covered = _PROOF | {int(Type.SOA)} if soa is not None else _PROOF

    def belongs(record: Record) -> bool:
        if record.rclass != question.qclass:
            return False
        return record.rtype in _PROOF or (record.rtype == Type.RRSIG and _covers(cursor, record) in covered)

    return [record for record in records if belongs(record)]


def _covers(cursor: Cursor, signature: Record) -> int:
    """The type that an RRSIG record signs (RFC 4034 section 3.1)."""
    cursor.position = signature.start
    return cursor.number(2)
