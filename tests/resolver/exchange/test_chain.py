"""What belongs to a question, and the poison that does not."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from resolver.exchange import chain
from resolver.exchange.records import Record, read_record
from resolver.exchange.wire import Cursor, MalformedReplyError

A, NS, CNAME, SOA, DNAME, RRSIG, NSEC, AAAA, ANY = 1, 2, 5, 6, 39, 46, 47, 28, 255


@pytest.fixture
def read(to_wire: Any) -> Any:
    """Records from ``(owner, type, target or rdata)``."""

    def build(*rows: tuple[str, int, str | bytes], rclass: int = 1) -> tuple[Cursor, list[Record]]:
        data = bytearray(12)
        for owner, rtype, value in rows:
            rdata = to_wire(value) if isinstance(value, str) else value
            data += to_wire(owner) + struct.pack("!HHIH", rtype, rclass, 60, len(rdata)) + rdata
        cursor = Cursor(bytes(data), 12)
        return cursor, [read_record(cursor) for _ in rows]

    return build


IP = b"\x01\x02\x03\x04"
CASES = [
    ("the plain answer", A, [("q", A, IP)], [0]),
    ("case does not matter", A, [("Q", A, IP)], [0]),
    ("a chain in order", A, [("q", CNAME, "b"), ("b", CNAME, "c"), ("c", A, IP)], [0, 1, 2]),
    ("a chain out of order", A, [("c", A, IP), ("b", CNAME, "c"), ("q", CNAME, "B")], [0, 1, 2]),
    ("a chain that ends nowhere", A, [("q", CNAME, "b")], [0]),
    ("a loop", A, [("q", CNAME, "b"), ("b", CNAME, "q")], [0, 1]),
    ("a name nobody led to", A, [("q", A, IP), ("bank", A, IP)], [0]),
    ("a chain nobody led to", A, [("q", A, IP), ("x", CNAME, "bank"), ("bank", A, IP)], [0]),
    ("another type", A, [("q", A, IP), ("q", AAAA, bytes(16)), ("q", NS, "ns")], [0]),
    ("any type", ANY, [("q", A, IP), ("q", NS, "ns"), ("b", A, IP)], [0, 1]),
    ("an alias is not followed when it was asked for", CNAME, [("q", CNAME, "b"), ("b", A, IP)], [0]),
    ("signatures on the chain", A, [("q", A, IP), ("q", RRSIG, b"sig"), ("b", RRSIG, b"sig")], [0, 1]),
    ("an OPT record in the wrong section", A, [("q", A, IP), ("q", 41, b"")], [0]),
]


@pytest.mark.parametrize(
    ("qtype", "rows", "kept"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_answers(read: Any, make_question: Any, qtype: int, rows: list[Any], kept: list[int]) -> None:
    question = make_question("q", qtype)
    cursor, records = read(*rows)
    links = chain.follow(cursor, question, records)
    assert chain.answers(question, links, records) == [records[index] for index in kept]


def test_dname_above_the_question(read: Any, make_question: Any) -> None:
    question = make_question("a.old.example")
    cursor, records = read(
        ("old.example", DNAME, "new.example"),
        ("old.example", RRSIG, b"sig"),
        ("a.old.example", CNAME, "a.new.example"),
        ("a.new.example", A, IP),
        ("other.example", DNAME, "evil.example"),
        ("ld.example", DNAME, "evil.example"),
        ("a.old.example", DNAME, "own.example"),
    )
    links = chain.follow(cursor, question, records)
    kept = chain.answers(question, links, records)
    assert [records.index(record) for record in kept] == [0, 1, 2, 3, 6]
    assert links.end == question.name.replace(b"old", b"new")


def test_another_class_does_not_belong(read: Any, make_question: Any) -> None:
    question = make_question("q")
    cursor, records = read(("q", A, IP), rclass=3)
    assert chain.answers(question, chain.follow(cursor, question, records), records) == []


@pytest.mark.parametrize(("aliases", "fits"), [(32, True), (33, False), (300, False)])
def test_a_chain_has_a_bound(read: Any, make_question: Any, aliases: int, fits: bool) -> None:
    rows = [(f"n{number}", CNAME, f"n{number + 1}") for number in range(aliases)]
    cursor, records = read(*rows)
    if fits:
        assert len(chain.follow(cursor, make_question("n0"), records).names) == aliases + 1
    else:
        with pytest.raises(MalformedReplyError, match="aliases"):
            chain.follow(cursor, make_question("n0"), records)


@pytest.mark.parametrize(
    ("owner", "found"),
    [
        ("", True),
        ("example", True),
        ("sub.example", True),
        ("q.sub.example", True),
        ("other", False),
        ("x.q.sub.example", False),
    ],
)
def test_the_soa_is_of_a_zone_around_the_end(read: Any, make_question: Any, owner: str, found: bool) -> None:
    question = make_question("q.sub.example")
    cursor, records = read((owner, SOA, bytes(22)))
    links = chain.follow(cursor, question, [])
    assert (chain.start_of_authority(question, links, records) is not None) is found


@pytest.mark.parametrize(
    ("dnssec_ok", "with_soa", "kept"), [(False, True, []), (True, False, [1, 2]), (True, True, [1, 2, 3])]
)
def test_proofs(read: Any, make_question: Any, dnssec_ok: bool, with_soa: bool, kept: list[int]) -> None:
    cursor, records = read(
        ("example", SOA, bytes(22)),
        ("example", NSEC, b"x"),
        ("example", RRSIG, struct.pack("!H", NSEC) + b"rest"),
        ("example", RRSIG, struct.pack("!H", SOA) + b"rest"),
        ("example", RRSIG, struct.pack("!H", NS) + b"rest"),
        ("example", NS, "ns.example"),
    )
    question = make_question("q.example", dnssec_ok=dnssec_ok)
    found = chain.proof(cursor, question, records, records[0] if with_soa else None)
    assert [records.index(record) for record in found] == kept
