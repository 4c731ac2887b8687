"""Outgoing queries, read by another implementation, and what counts as their reply."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest
from dnslib import DNSRecord

from resolver.exchange.query import Match, build_query, compare, mix_case

NAME = "some-name.with.letters.example"


def test_a_query_as_another_implementation_reads_it(dice: Any, make_question: Any) -> None:
    query = build_query(make_question(NAME, 28, checking_disabled=True, dnssec_ok=True), dice)
    parsed = DNSRecord.parse(query.wire)
    assert parsed.header.id == query.id
    assert (parsed.header.rd, parsed.header.cd, parsed.header.qr, parsed.header.opcode) == (1, 1, 0, 0)
    assert str(parsed.q.qname).lower() == NAME + "."
    assert (parsed.q.qtype, parsed.q.qclass) == (28, 1)
    (opt,) = parsed.ar
    assert (opt.rtype, opt.edns_len, opt.edns_do, opt.edns_ver, opt.rdata) == (41, 1232, 1, 0, [])


def test_without_edns_and_mixed_case(dice: Any, make_question: Any, to_wire: Any) -> None:
    query = build_query(make_question(NAME), dice, edns=False, mixed_case=False)
    parsed = DNSRecord.parse(query.wire)
    assert (parsed.ar, parsed.header.cd) == ([], 0)
    assert query.wire[12:].startswith(to_wire(NAME))


def test_ids_and_case_vary(dice: Any, make_question: Any) -> None:
    queries = [build_query(make_question(NAME), dice) for _ in range(200)]
    assert len({query.id for query in queries}) > 190
    assert len({query.asked for query in queries}) > 190
    assert {query.asked.lower() for query in queries} == {queries[0].asked.lower()}


def test_every_letter_takes_both_cases_and_nothing_else_changes() -> None:
    name = b"\x05ab-09\x02\xe9z\x00"
    seen = {mix_case(name, random.Random(seed).getrandbits(8 * len(name))) for seed in range(200)}
    assert seen == {
        bytes((5, a, b)) + b"-09\x02\xe9" + bytes((z, 0)) for a in b"aA" for b in b"bB" for z in b"zZ"
    }


def test_the_root_has_no_case() -> None:
    assert mix_case(b"\x00", 0xFF) == b"\x00"


@pytest.mark.parametrize(
    ("form", "match"),
    [
        ({}, Match.REPLY),
        ({"rcode": 2}, Match.REPLY),
        ({"wrong_id": True}, Match.OTHER_ID),
        ({"keep_case": False}, Match.OTHER_CASE),
        ({"asked": b"\x01b\x00\x00\x01\x00\x01"}, Match.OTHER_QUESTION),
    ],
)
def test_compare(dice: Any, make_question: Any, reply_form: Any, form: dict[str, Any], match: Match) -> None:
    query = build_query(make_question(NAME), dice)
    assert compare(query, reply_form(**form).build(query.wire)) is match


@pytest.mark.parametrize(
    ("flags", "counts", "tail", "match"),
    [
        (0x8001, (0, 0, 0, 0), b"", Match.BARE_ERROR),
        (0x8005, (0, 0, 0, 0), b"", Match.BARE_ERROR),
        (0x8000, (0, 0, 0, 0), b"", Match.OTHER_QUESTION),
        (0x8003, (0, 0, 0, 0), b"", Match.OTHER_QUESTION),
        (0x8001, (0, 0, 0, 0), b"x", Match.OTHER_QUESTION),
        (0x8001, (1, 0, 0, 0), b"", Match.OTHER_QUESTION),
        (0x0001, (0, 0, 0, 0), b"", Match.NO_RESPONSE),
        (0xA001, (0, 0, 0, 0), b"", Match.NO_RESPONSE),
    ],
)
def test_headers(
    dice: Any, make_question: Any, flags: int, counts: tuple[int, ...], tail: bytes, match: Match
) -> None:
    query = build_query(make_question(NAME), dice)
    assert compare(query, struct.pack("!6H", query.id, flags, *counts) + tail) is match


def test_a_cut_question_is_another_question(dice: Any, make_question: Any, reply_form: Any) -> None:
    query = build_query(make_question(NAME), dice)
    whole = reply_form(edns=False).build(query.wire)
    assert {compare(query, whole[:length]) for length in range(12, len(whole))} == {Match.OTHER_QUESTION}
    assert {compare(query, whole[:length]) for length in range(12)} == {Match.NO_RESPONSE}
