"""The native scan of replies against its oracle, ``resolver.exchange.scan``: the same Reply, or the same error."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path
from typing import Any

import pytest
from dnslib import (
    AAAA,
    CNAME,
    HTTPS,
    MX,
    NAPTR,
    NS,
    PTR,
    QTYPE,
    RR,
    SOA,
    SRV,
    TXT,
    A,
    DNSHeader,
    DNSQuestion,
    DNSRecord,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.core import native
from resolver.exchange.model import Question
from resolver.exchange.scan import Reply, TtlLimits, scan
from resolver.exchange.wire import Cursor, MalformedReplyError

SEEDS = Path(__file__).parents[4] / "shared" / "data" / "dns-fuzz-seeds"
LIMITS = (TtlLimits(), TtlLimits(30, 1_000, 200), TtlLimits(1_000, 30, 0))
SHARE_LEFT = 0.01
"""What may be left to the Python scanner of what the seeds give."""

_scanner = native.ReplyScanner()


def _flat(reply: Reply) -> tuple[Any, ...]:
    answer = reply.answer
    parts = None if answer is None else (*answer[1:6], answer.ttl)
    return reply.rcode, reply.truncated, reply.edns, reply.ede, parts


def _by_oracle(data: bytes, question: Question, limits: TtlLimits) -> tuple[Any, ...] | str:
    try:
        return _flat(scan(data, question, limits, 0.0))
    except MalformedReplyError as error:
        return str(error)


def _by_core(data: bytes, question: Question, limits: TtlLimits) -> tuple[Any, ...] | str | None:
    try:
        return _scanner.scan(data, *question[:4], *limits)
    except native.ReplyError as error:
        return str(error)


def _compare(data: bytes, question: Question, limits: TtlLimits) -> bool:
    """True if the native scanner took it, and then both say the same."""
    found = _by_core(data, question, limits)
    if found is None:
        return False
    assert found == _by_oracle(data, question, limits), (data.hex(), question, limits)
    return True


def _question_of(data: bytes, dnssec_ok: bool = False) -> Question:
    cursor = Cursor(data, 12)
    try:
        return Question(cursor.name().lower(), cursor.number(2), cursor.number(2), dnssec_ok)
    except MalformedReplyError:
        return Question(b"\x00", 1, 1, dnssec_ok)


@pytest.fixture(scope="module")
def seeds() -> list[bytes]:
    if not SEEDS.is_dir():
        pytest.skip(f"the seeds are not here: {SEEDS}")
    return [path.read_bytes() for path in sorted(SEEDS.iterdir())]


def test_seeds(seeds: list[bytes]) -> None:
    outcomes = [
        _compare(data[:2] + flags + data[4:], _question_of(data, dnssec_ok), limits)
        for data in seeds
        for flags in (data[2:4], b"\x81\x80", b"\x81\x83", b"\x81\x86", b"\x81\x00")
        for dnssec_ok in (False, True)
        for limits in LIMITS
    ]
    assert outcomes.count(False) <= SHARE_LEFT * len(outcomes)


INTERESTING = st.sampled_from([0, 1, 2, 5, 6, 12, 15, 28, 33, 35, 39, 41, 46, 47, 50, 64, 65, 0xC0, 0xFF])
KINDS = st.sampled_from([1, 2, 5, 6, 15, 28, 33, 35, 39, 46, 64, 65, 255])


@settings(max_examples=1000, deadline=None)
@given(st.data())
def test_mutated_seeds(seeds: list[bytes], data: st.DataObject) -> None:
    message = bytearray(data.draw(st.sampled_from([seed for seed in seeds if 12 < len(seed) < 2_000])))
    question = _question_of(bytes(message), data.draw(st.booleans()))
    message[2:4] = data.draw(
        st.sampled_from([b"\x81\x80", b"\x81\x83", b"\x81\x00", b"\x81\x86", b"\x81\x82"])
    )
    for _ in range(data.draw(st.integers(0, 5))):
        message[data.draw(st.integers(4, len(message) - 1))] = data.draw(INTERESTING | st.integers(0, 255))
    if data.draw(st.booleans()):
        question = _question_of(bytes(message), question.dnssec_ok)
    if data.draw(st.booleans()):
        question = question._replace(qtype=data.draw(KINDS), qclass=data.draw(st.sampled_from([1, 3, 255])))
        message[12 + len(question.name) : 16 + len(question.name)] = struct.pack("!2H", *question[1:3])
    _compare(bytes(message), question, data.draw(st.sampled_from(LIMITS)))


# ---- replies as servers write them ----

label = st.sampled_from(["a", "www", "Mail", "x-1", "_dmarc", "b" * 63])
host = st.lists(label, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "Example"]))
number = st.integers(0, 255)
rdata = st.one_of(
    number.map(lambda part: A(f"192.0.2.{part}")),
    number.map(lambda part: AAAA(f"2001:db8::{part:x}")),
    host.map(CNAME),
    host.map(NS),
    host.map(PTR),
    host.map(MX),
    host.map(lambda name: SRV(1, 2, 53, name)),
    host.map(lambda name: NAPTR(1, 2, b"u", b"sip", b"!x!y!", name)),
    host.map(
        lambda name: HTTPS(
            1, [part.encode() for part in name.split(".")], [(1, b"\x02h2"), (4, bytes(8)), (6, bytes(16))]
        )
    ),
    st.tuples(host, host, number).map(lambda parts: SOA(parts[0], parts[1], (1, 2, 3, 4, parts[2]))),
    st.binary(max_size=30).map(TXT),
)
records = st.lists(st.tuples(host, rdata, st.sampled_from([0, 5, 60, 2**31 - 1, 2**31])), max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    asked=host,
    aliases=st.lists(host, max_size=4),
    answers=records,
    authorities=records,
    rcode=st.sampled_from([0, 0, 3, 6, 2]),
    qtype=st.sampled_from(["A", "AAAA", "HTTPS", "MX", "CNAME", "ANY", "SOA"]),
)
def test_replies_of_every_shape(
    asked: str, aliases: list[str], answers: Any, authorities: Any, rcode: int, qtype: str
) -> None:
    message = DNSRecord(DNSHeader(id=9, qr=1, ra=1, rcode=rcode), q=DNSQuestion(asked, getattr(QTYPE, qtype)))
    owner = asked
    for alias in aliases:
        message.add_answer(RR(owner, QTYPE.CNAME, ttl=60, rdata=CNAME(alias)))
        owner = alias
    for name, each, ttl in answers:
        own = owner if name.startswith("a") else name
        message.add_answer(RR(own, getattr(QTYPE, type(each).__name__), ttl=ttl, rdata=each))
    for name, each, ttl in authorities:
        message.add_auth(RR(name.partition(".")[2], getattr(QTYPE, type(each).__name__), ttl=ttl, rdata=each))
    data = bytes(message.pack())
    for limits in LIMITS:
        assert _compare(data, _question_of(data, dnssec_ok=True), limits)


@pytest.mark.parametrize("aliases", [31, 32, 33])
def test_long_chains(aliases: int) -> None:
    names = [b"\x02" + f"{number:02}".encode() + b"\x00" for number in range(aliases + 1)]
    head = struct.pack("!6H", 0, 0x8180, 1, aliases, 0, 0) + names[0] + b"\x00\x01\x00\x01"
    chain = [
        owner + struct.pack("!HHIH", 5, 1, 60, len(target)) + target
        for owner, target in itertools.pairwise(names)
    ]
    assert _compare(head + b"".join(chain), Question(names[0], 1), TtlLimits())


@pytest.mark.parametrize("rclass", [1, 3])
def test_an_alias_of_another_class_leads_nowhere(rclass: int) -> None:
    head = struct.pack("!6H", 0, 0x8180, 1, 2, 0, 0) + b"\x01q\x00\x00\x01\x00\x01"
    alias = b"\xc0\x0c" + struct.pack("!HHIH", 5, rclass, 60, 3) + b"\x01w\x00"
    address = b"\x01w\x00" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes(4)
    question = Question(b"\x01q\x00", 1)
    assert _compare(head + alias + address, question, TtlLimits())
    found = _by_core(head + alias + address, question, TtlLimits())
    assert (found == "no record of the answer belongs to the question") == (rclass != 1)


def test_what_is_left_to_the_oracle() -> None:
    """A question that is no name, a message longer than any, one that grows past the limit without compression."""
    tail = b"\x00\x05\x00\x01" + struct.pack("!IH", 60, 2) + b"\xc0\x0c"
    long = b"".join(b"\x3f" + b"x" * 63 for _ in range(3)) + b"\x00"
    swollen = struct.pack("!6H", 0, 0x8180, 1, 500, 0, 0) + long + b"\x00\xff\x00\x01"
    swollen += (b"\xc0\x0c" + struct.pack("!HHIH", 33, 1, 60, 8) + bytes(6) + b"\xc0\x0c") * 500
    assert _by_core(swollen, Question(long, 255), TtlLimits()) is None
    assert _by_oracle(swollen, Question(long, 255), TtlLimits()).startswith("without its compression")
    assert _by_core(bytes(70_000), Question(b"\x00", 1), TtlLimits()) is None
    assert _by_core(tail, Question(b"\x05x", 1), TtlLimits()) is None
