"""The questions of a transfer against bytes of any kind: an answer, or one of the declared errors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.tsig
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklists.sources.zone_faults import GarbledError, NoZoneError, ZoneFaultError
from blocklists.sources.zone_records import WholeZone, ZoneChange
from blocklists.sources.zone_session import SoaQuestion, TransferQuestion

ORIGIN = dns.name.from_text("rpz.hotline.example")
DECLARED = (dns.exception.DNSException, ZoneFaultError)
SAME_PRIMARY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
async def primary(make_primary: Callable[..., Any]) -> Any:
    made = await make_primary()
    made.put(7, "one.example 60 IN CNAME .", "two.example 60 IN A 192.0.2.1")
    made.put(8, 'two.example 60 IN TXT "x"', "three.example 60 IN CNAME *.")
    return made


def transfer(serial: int | None, key: dns.tsig.Key | None = None) -> TransferQuestion:
    return TransferQuestion(ORIGIN, key, serial=serial, limit=10_000)


@pytest.mark.parametrize(
    ("serial", "kind"), [(None, WholeZone), (0, WholeZone), (7, ZoneChange), (6, WholeZone)]
)
async def test_message_by_message(primary: Any, serial: int | None, kind: type) -> None:
    question = transfer(serial)
    *begin, last = primary.answers(question.wire)
    assert [question.feed(wire) for wire in begin] == [False] * len(begin)
    assert question.result is None
    assert question.feed(last)
    assert isinstance(question.result, kind)


async def test_no_change_has_no_result(primary: Any) -> None:
    question = transfer(8)
    assert question.feed(*primary.answers(question.wire))
    assert question.result is None


async def test_records_behind_the_end_are_refused(primary: Any) -> None:
    question = transfer(None)
    primary.per_message = 100
    (whole,) = primary.answers(question.wire)
    message = dns.message.from_wire(whole, one_rr_per_rrset=True)
    message.answer.append(message.answer[1])
    with pytest.raises(dns.exception.FormError):
        question.feed(message.to_wire())


async def test_records_outside_the_zone_are_left_out(primary: Any) -> None:
    primary.states = {9: frozenset({"elsewhere.example. 60 IN A 192.0.2.1", "one.example 60 IN CNAME ."})}
    question = transfer(None)
    for wire in primary.answers(question.wire):
        question.feed(wire)
    assert isinstance(question.result, WholeZone)
    assert question.result.lines == [b"one.example 60 IN CNAME ."]


async def test_another_id_is_no_answer(primary: Any) -> None:
    question = transfer(None)
    wire = next(iter(primary.answers(question.wire)))
    with pytest.raises(GarbledError):
        question.feed(bytes([wire[0] ^ 1]) + wire[1:])


async def test_an_answer_without_a_soa(primary: Any) -> None:
    question = SoaQuestion(ORIGIN, None)
    primary.handler = lambda query: primary.sent(query, ["one.example 60 IN CNAME ."])
    with pytest.raises(NoZoneError):
        question.answer(*primary.answers(question.wire))


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_a_declared_error(data: bytes) -> None:
    soa, whole = SoaQuestion(ORIGIN, None), transfer(None)
    with contextlib.suppress(*DECLARED):
        soa.answer(soa.wire[:2] + b"\x84" + data)
    with contextlib.suppress(*DECLARED):
        whole.feed(whole.wire[:2] + b"\x84" + data)


@SAME_PRIMARY
@given(
    serial=st.sampled_from([None, 7]),
    signed=st.booleans(),
    message=st.integers(0, 3),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 255)), min_size=1, max_size=4),
)
async def test_a_spoiled_transfer_never_passes_for_a_signed_one(
    primary: Any,
    tsig_key: dns.tsig.Key,
    serial: int | None,
    signed: bool,
    message: int,
    changes: list[tuple[int, int]],
) -> None:
    primary.key = tsig_key if signed else None
    question = transfer(serial, primary.key)
    wires = [bytearray(wire) for wire in primary.answers(question.wire)]
    spoiled = wires[message % len(wires)]
    for at, change in changes:
        spoiled[at % len(spoiled)] ^= change
    try:
        for wire in wires:
            question.feed(bytes(wire))
    except DECLARED:
        assert question.result is None
    else:
        honest = transfer(serial, primary.key)
        for message_of_it in primary.answers(honest.wire):
            honest.feed(message_of_it)
        assert not signed or question.result == honest.result
