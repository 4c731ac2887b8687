"""Replies read and written anew: TTLs, negative answers, safety against any bytes, agreement with dnslib."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path
from typing import Any

import pytest
from dnslib import AAAA, CNAME, MX, NS, QTYPE, RR, SRV, TXT, A, DNSHeader, DNSQuestion, DNSRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.exchange.model import Question
from resolver.exchange.scan import Reply, TtlLimits, scan
from resolver.exchange.wire import Cursor, MalformedReplyError

SEEDS = Path(__file__).parents[4] / "shared" / "data" / "dns-fuzz-seeds"
LIMITS = TtlLimits(minimum=10, maximum=1000, negative=200)
QUERY = b"\x12\x34\x01\x00" + bytes(8) + b"\x01q\x07example\x00\x00\x01\x00\x01"
IP = b"\x01\x02\x03\x04"


@pytest.fixture
def read(reply_form: Any, make_question: Any) -> Any:
    """Scan the reply of that form to ``q.example A``."""

    def scan_form(limits: TtlLimits = LIMITS, dnssec_ok: bool = False, **form: Any) -> Reply:
        return scan(
            reply_form(**form).build(QUERY), make_question("q.example", dnssec_ok=dnssec_ok), limits, 7.0
        )

    return scan_form


def _ttls(reply: Reply) -> list[int]:
    assert reply.answer is not None
    return [struct.unpack_from("!I", reply.answer.wire, place)[0] for place in reply.answer.ttl_offsets]


def test_an_answer(read: Any, to_wire: Any) -> None:
    reply = read(
        answers=[("q.example", 5, 300, to_wire("W.Example")), ("W.example", 1, 60, IP)],
        authorities=[("example", 2, 60, to_wire("ns.example"))],
        additional=[to_wire("ns.example") + struct.pack("!HHIH", 1, 1, 60, 4) + IP],
        ede=3,
    )
    answer = reply.answer
    assert (answer.stored, answer.ttl, answer.rcode) == (7.0, 60, 0)
    assert (answer.targets, answer.addresses) == ((to_wire("w.example"),), (IP,))
    assert reply.ede == answer.ede == ((3, b""),)
    parsed = DNSRecord.parse(answer.wire)
    assert (parsed.header.id, len(parsed.rr), parsed.auth, parsed.ar) == (0, 2, [], [])
    assert answer.wire[12 : 12 + len(answer.question.name)] == answer.question.name


@pytest.mark.parametrize(
    ("received", "given"),
    [(0, 10), (9, 10), (10, 10), (1000, 1000), (1001, 1000), (2**31, 10), (2**32 - 1, 10)],
)
def test_ttls_are_brought_within_the_limits(read: Any, received: int, given: int) -> None:
    reply = read(answers=[("q.example", 1, received, IP), ("q.example", 1, 500, IP)])
    assert _ttls(reply) == [given, 500]
    assert reply.answer.ttl == min(given, 500)


@pytest.mark.parametrize(
    ("rcode", "ttl", "minimum", "expected"),
    [(3, 60, 90, 60), (3, 90, 60, 60), (0, 90, 60, 60), (3, 900, 900, 200), (3, 0, 60, 0), (3, 2**31, 60, 0)],
)
def test_negative_answers(
    read: Any, make_soa: Any, rcode: int, ttl: int, minimum: int, expected: int
) -> None:
    reply = read(rcode=rcode, authorities=[make_soa(ttl=ttl, minimum=minimum)])
    assert reply.answer.ttl == expected
    assert _ttls(reply) == [expected]


def test_a_negative_answer_behind_an_alias_lives_as_long_as_its_shortest_part(
    read: Any, make_soa: Any, to_wire: Any
) -> None:
    reply = read(
        answers=[("q.example", 5, 30, to_wire("w.example"))], authorities=[make_soa(ttl=100, minimum=100)]
    )
    assert _ttls(reply) == [30, 100]
    assert reply.answer.ttl == 30


@pytest.mark.parametrize("owner", [None, "other", "x.q.example"])
def test_without_a_fitting_soa_a_negative_answer_is_not_kept(
    read: Any, make_soa: Any, owner: str | None
) -> None:
    reply = read(rcode=3, authorities=[make_soa(owner=owner)] if owner else [])
    assert reply.answer.ttl == 0
    assert reply.answer.ttl_offsets == ()


def test_proofs_are_kept_for_those_who_asked(read: Any, make_soa: Any) -> None:
    authorities = [
        make_soa(),
        ("example", 47, 500, b"\x00\x00"),
        ("example", 46, 500, b"\x00\x2f" + bytes(18)),
    ]
    assert len(_ttls(read(rcode=3, authorities=authorities))) == 1
    assert _ttls(read(rcode=3, authorities=authorities, dnssec_ok=True)) == [60, 60, 60]


def test_truncated_and_refusing_replies_have_no_answer(read: Any, to_wire: Any) -> None:
    assert read(truncated=True) == Reply(0, truncated=True)
    assert read(rcode=2, ede=6) == Reply(2, edns=True, ede=((6, b""),))
    assert read(rcode=5, edns=False) == Reply(5)
    assert read(authorities=[("example", 2, 60, to_wire("ns"))], recursion=False).answer is None
    assert read(authorities=[("example", 2, 60, to_wire("ns"))]).answer is not None


def test_the_extended_response_code_counts(read: Any) -> None:
    badvers = b"\x00" + struct.pack("!HHIH", 41, 1232, 0x01_00_00_00, 0)
    reply = read(edns=False, additional=[badvers])
    assert (reply.rcode, reply.answer) == (16, None)


@pytest.mark.parametrize(
    "form",
    [
        {"answers": [("bank.example", 1, 60, IP)]},
        {"answers": [("q.example", 28, 60, bytes(16))]},
        {"answers": [("q.example", 1, 60, b"\x01")]},
        {"additional": [b"\x00" + struct.pack("!HHIH", 41, 512, 0, 0)]},
        {"additional": [b"\x00"]},
        {"asked": b"\x01b\x00\x00\x01\x00\x01"},
        {"rcode": 3, "authorities": [("example", 6, 60, b"\x00\x00" + bytes(3))]},
    ],
)
def test_malformed_replies(read: Any, form: dict[str, Any]) -> None:
    with pytest.raises(MalformedReplyError):
        read(**form)


def test_every_cut_of_a_reply_is_malformed(reply_form: Any, make_question: Any, to_wire: Any) -> None:
    whole = reply_form(
        answers=[("q.example", 5, 300, to_wire("w.example")), ("w.example", 1, 60, IP)], ede=3
    ).build(QUERY)
    for length in range(len(whole)):
        with pytest.raises(MalformedReplyError):
            scan(whole[:length], make_question("q.example"), LIMITS, 0.0)
    assert scan(whole + b"junk", make_question("q.example"), LIMITS, 0.0).answer is not None


# ---- any bytes ----


def _question_of(data: bytes) -> Question:
    """The question of a message, so that the scan goes past it; a fixed one if there is none."""
    cursor = Cursor(data, 12)
    try:
        return Question(cursor.name().lower(), cursor.number(2), cursor.number(2), dnssec_ok=True)
    except MalformedReplyError:
        return Question(b"\x00", 1)


def _check(data: bytes) -> Reply | None:
    """The invariant: a Reply or the declared error; an answer reads back as itself."""
    question = _question_of(data)
    try:
        reply = scan(data, question, TtlLimits(), 0.0)
    except MalformedReplyError:
        return None
    if reply.answer is not None:
        again = scan(reply.answer.wire, question, TtlLimits(), 0.0).answer
        assert again is not None
        assert (again.wire, again.targets, again.addresses) == (
            reply.answer.wire,
            reply.answer.targets,
            reply.answer.addresses,
        )
    return reply


@pytest.fixture(scope="module")
def seeds() -> list[bytes]:
    if not SEEDS.is_dir():
        pytest.skip(f"the seeds are not here: {SEEDS}")
    return [path.read_bytes() for path in sorted(SEEDS.iterdir())]


def test_seeds(seeds: list[bytes]) -> None:
    assert sum(_check(data) is not None for data in seeds) > 150


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_mutated_seeds(seeds: list[bytes], data: st.DataObject) -> None:
    message = bytearray(data.draw(st.sampled_from([seed for seed in seeds if len(seed) < 2_000])))
    message[2:3] = b"\x81"
    for _ in range(data.draw(st.integers(1, 5))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    _check(bytes(message))


@given(st.binary(max_size=200))
def test_random_tails(tail: bytes) -> None:
    head = b"\x00\x00\x81\x80\x00\x01\x00\x02\x00\x01\x00\x01\x01q\x00\x00\x01\x00\x01"
    _check(head + tail)


def test_a_message_made_to_be_slow_is_not() -> None:
    """64 KiB of records whose owners are pointers to pointers."""
    record = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + IP
    count = (65_535 - 40) // len(record)
    head = struct.pack("!6H", 0, 0x8180, 1, count, 0, 0) + b"\x01q\x00\x00\x01\x00\x01"
    reply = _check(head + record * count)
    assert reply is not None
    assert reply.answer is not None
    assert len(reply.answer.ttl_offsets) == count
    assert reply.answer.addresses == (IP,)


# ---- against dnslib ----

label = st.sampled_from(["a", "www", "Mail", "x-1", "_dmarc"])
host = st.lists(label, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "Example"]))
octet = st.integers(0, 255)
rdata = st.one_of(
    st.tuples(octet, octet).map(lambda parts: A(f"192.0.{parts[0]}.{parts[1]}")),
    octet.map(lambda part: AAAA(f"2001:db8::{part:x}")),
    host.map(MX),
    host.map(NS),
    host.map(lambda name: SRV(1, 2, 53, name)),
    st.binary(max_size=30).map(TXT),
)


@settings(max_examples=300, deadline=None)
@given(
    names=st.lists(host, min_size=1, max_size=4, unique_by=str.lower),
    rdatas=st.lists(rdata, min_size=1, max_size=6),
    ttl=st.integers(0, 86_400),
)
def test_well_formed_answers_agree_with_dnslib(names: list[str], rdatas: list[Any], ttl: int) -> None:
    rtype = getattr(QTYPE, type(rdatas[0]).__name__)
    rdatas = [each for each in rdatas if type(each) is type(rdatas[0])]
    message = DNSRecord(DNSHeader(id=9, qr=1, ra=1), q=DNSQuestion(names[0], rtype))
    for owner, target in itertools.pairwise(names):
        message.add_answer(RR(owner, QTYPE.CNAME, ttl=ttl, rdata=CNAME(target)))
    for each in rdatas:
        message.add_answer(RR(names[-1], rtype, ttl=ttl, rdata=each))

    data = bytes(message.pack())
    reply = scan(data, _question_of(data), TtlLimits(), 0.0)
    assert reply.answer is not None
    written = DNSRecord.parse(reply.answer.wire)

    def comparable(records: list[RR]) -> list[tuple[str, int, int, str]]:
        return [(str(rr.rname).lower(), rr.rtype, rr.ttl, str(rr.rdata).lower()) for rr in records]

    assert comparable(written.rr) == comparable(message.rr)
    assert reply.answer.ttl == ttl
    assert len(reply.answer.ttl_offsets) == len(message.rr)
    assert [name.decode() for name in reply.answer.targets] == [
        bytes(DNSRecord.question(name).pack())[12:-4].decode().lower() for name in names[1:]
    ]
