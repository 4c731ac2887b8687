"""An upstream's reply, read once and written anew as an Answer.

What is kept is decided in ``chain``; this module reads the sections, clamps TTLs and gathers what a verdict must look
at. Everything is written anew instead of cut out, because compression pointers may lead into what is left out. Octets
after the last record are ignored. The additional section is left out whole: nobody asked for it, and an address in it
would pass no verdict. ``scan`` returns a Reply or raises MalformedReplyError, whatever the bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from resolver.exchange import chain
from resolver.exchange.edns import Edns, read_edns
from resolver.exchange.model import Answer, Question
from resolver.exchange.records import Record, Type, meaning, read_record, write_record
from resolver.exchange.wire import Cursor, MalformedReplyError
from resolver.exchange.writer import Writer

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN = 0, 1, 2, 3, 4, 5, 6

ANSWERING = frozenset({NOERROR, NXDOMAIN, YXDOMAIN})
"""Response codes that say something about the name; all others say something about the server."""

_RESPONSE, _TRUNCATED, _RECURSION_AVAILABLE = 0x8000, 0x0200, 0x0080
_OPCODE = 0x7800


class TtlLimits(NamedTuple):
    """Seconds within which TTLs are brought. ``minimum`` does not apply to negative answers."""

    minimum: int = 0
    maximum: int = 86_400
    negative: int = 3_600


class Reply(NamedTuple):
    """What a well-formed reply says. ``answer`` is None if it is truncated or does not answer."""

    rcode: int
    truncated: bool = False
    edns: bool = False
    ede: tuple[tuple[int, bytes], ...] = ()
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class _Sections:
    flags: int
    answers: list[Record]
    authorities: list[Record]
    edns: Edns | None


def scan(data: bytes, question: Question, limits: TtlLimits, now: float) -> Reply:
    """Read a reply to ``question`` received at ``now``. MalformedReplyError if it is none."""
    cursor = Cursor(data)
    flags, counts = _read_head(cursor, question)
    if flags & _TRUNCATED:
        return Reply(flags & 0xF, truncated=True)
    sections = _read_sections(cursor, flags, counts)
    edns = sections.edns
    rcode = flags & 0xF | (edns.rcode_high << 4 if edns else 0)
    ede = edns.ede if edns else ()
    if rcode not in ANSWERING or _is_referral(sections):
        return Reply(rcode, edns=edns is not None, ede=ede)
    answer = _build(cursor, question, sections, limits, now)
    return Reply(rcode, edns=edns is not None, ede=ede, answer=answer)


def _read_head(cursor: Cursor, question: Question) -> tuple[int, tuple[int, int, int]]:
    """Check header and question; returns the flags and the counts of the three sections that follow."""
    cursor.take(2)
    flags, questions = cursor.number(2), cursor.number(2)
    counts = cursor.number(2), cursor.number(2), cursor.number(2)
    if not flags & _RESPONSE or flags & _OPCODE:
        raise MalformedReplyError("not the response to a standard query")
    if questions != 1:
        raise MalformedReplyError("not exactly one question")
    asked = cursor.name().lower(), cursor.number(2), cursor.number(2)
    if asked != (question.name, question.qtype, question.qclass):
        raise MalformedReplyError("another question")
    return flags, counts


def _read_sections(cursor: Cursor, flags: int, counts: tuple[int, int, int]) -> _Sections:
    answers, authorities, additional = ([read_record(cursor) for _ in range(count)] for count in counts)
    options = [record for record in additional if record.rtype == Type.OPT]
    if len(options) > 1:
        raise MalformedReplyError("more than one OPT record")
    return _Sections(flags, answers, authorities, read_edns(cursor, options[0]) if options else None)


def _is_referral(sections: _Sections) -> bool:
    """A server that does not recurse points elsewhere instead of answering (RFC 2308 section 2.2)."""
    types = {record.rtype for record in sections.authorities}
    return (
        sections.flags & 0xF == NOERROR
        and not sections.flags & _RECURSION_AVAILABLE
        and not sections.answers
        and Type.NS in types
        and Type.SOA not in types
    )


@dataclass(frozen=True, slots=True)
class _Content:
    """What is kept of a reply, with the TTLs that it gets. ``ttl`` is the lowest; 0 if it may not be kept."""

    answers: list[tuple[Record, int]]
    authorities: list[tuple[Record, int]]
    ttl: int


def _build(cursor: Cursor, question: Question, sections: _Sections, limits: TtlLimits, now: float) -> Answer:
    content = _select(cursor, question, sections, limits)
    wire, ttl_offsets = _write(cursor, question, sections.flags, content)
    meanings = [meaning(cursor, record) for record, _ in content.answers]
    return Answer(
        question=question,
        wire=wire,
        flags=sections.flags,
        ttl_offsets=ttl_offsets,
        targets=_unique([target for each in meanings for target in each.targets]),
        addresses=_unique([address for each in meanings for address in each.addresses]),
        stored=now,
        ttl=content.ttl,
        ede=sections.edns.ede if sections.edns else (),
    )


def _unique(values: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(values))


def _select(cursor: Cursor, question: Question, sections: _Sections, limits: TtlLimits) -> _Content:
    links = chain.follow(cursor, question, sections.answers)
    kept = chain.answers(question, links, sections.answers)
    if sections.answers and not kept:
        raise MalformedReplyError("no record of the answer belongs to the question")
    answers = [(record, _positive_ttl(record, limits)) for record in kept]
    if _is_positive(question, sections.flags, kept):
        proofs = chain.proof(cursor, question, sections.authorities, None)
        authorities = [(record, _positive_ttl(record, limits)) for record in proofs]
        return _Content(answers, authorities, _lowest(answers + authorities))
    soa = chain.start_of_authority(question, links, sections.authorities)
    proofs = chain.proof(cursor, question, sections.authorities, soa)
    if soa is None:
        # Without an SOA a negative answer must not be kept (RFC 2308 section 5).
        return _Content(answers, [(record, 0) for record in proofs], 0)
    negative = _negative_ttl(cursor, soa, limits)
    authorities = [(record, min(record.ttl, negative)) for record in (soa, *proofs)]
    return _Content(answers, authorities, _lowest(answers + authorities))


def _is_positive(question: Question, flags: int, kept: Sequence[Record]) -> bool:
    """Whether the chain ends in what was asked for; otherwise the answer is NXDOMAIN or NODATA."""
    if flags & 0xF == NXDOMAIN:
        return False
    if flags & 0xF == YXDOMAIN:  # the DNAME record is the answer (RFC 6672 section 2.2)
        return bool(kept)
    return any(question.qtype in (record.rtype, Type.ANY) for record in kept)


def _positive_ttl(record: Record, limits: TtlLimits) -> int:
    return min(max(record.ttl, limits.minimum), limits.maximum)


def _negative_ttl(cursor: Cursor, soa: Record, limits: TtlLimits) -> int:
    """The lower of the SOA's TTL and its MINIMUM field, the last 32 bits (RFC 2308 section 5)."""
    if soa.end - soa.start < 20:
        raise MalformedReplyError("an SOA record is too short")
    cursor.position = soa.end - 4
    minimum = cursor.number(4)
    return min(soa.ttl, minimum, limits.negative, limits.maximum)


def _lowest(records: Sequence[tuple[Record, int]]) -> int:
    return min((ttl for _, ttl in records), default=0)


def _write(
    cursor: Cursor, question: Question, flags: int, content: _Content
) -> tuple[bytes, tuple[int, ...]]:
    writer = Writer()
    writer.put_name(question.name)
    writer.put_number(question.qtype, 2)
    writer.put_number(question.qclass, 2)
    offsets = [
        write_record(writer, cursor, record, ttl) for record, ttl in (*content.answers, *content.authorities)
    ]
    wire = writer.finish(flags, len(content.answers), len(content.authorities))
    return wire, tuple(offsets)
