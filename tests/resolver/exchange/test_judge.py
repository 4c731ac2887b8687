"""What a message means for its attempt. Whole conversations stand in test_exchange."""

from __future__ import annotations

from typing import Any

import pytest

from resolver.exchange.endpoint import Endpoint
from resolver.exchange.flight import Attempt, Transport
from resolver.exchange.judge import MAX_DISCARDED, MAX_WRONG_IDS, Judge, Step
from resolver.exchange.query import build_query
from resolver.exchange.scan import TtlLimits
from resolver.exchange.upstreams import Upstream

ANSWER = {"answers": [("a.example", 1, 60, b"\x01\x02\x03\x04")]}


@pytest.fixture
def judge(make_question: Any) -> Judge:
    return Judge(make_question("a.example"), TtlLimits(), 0.0)


@pytest.fixture
def make_attempt(dice: Any, make_question: Any, upstream_one: Endpoint) -> Any:
    def make(transport: Transport = Transport.DATAGRAM, **query: Any) -> Attempt:
        built = build_query(make_question("a.example"), dice, **query)
        return Attempt(1, 1, Upstream(upstream_one), transport, built, 0.0, 1.0)

    return make


DATAGRAMS = [
    (ANSWER, Step.DONE, ""),
    ({}, Step.DONE, ""),
    ({"rcode": 3}, Step.DONE, ""),
    ({"rcode": 2}, Step.NEXT, ""),
    ({"rcode": 1, "edns": False}, Step.PLAIN, ""),
    ({"rcode": 4, "edns": False}, Step.PLAIN, ""),
    ({"rcode": 1}, Step.NEXT, ""),
    ({"truncated": True}, Step.STREAM, ""),
    ({"keep_case": False}, Step.STREAM, "discarded_case"),
    ({"wrong_id": True}, Step.WAIT, "discarded_id"),
    ({"additional": [b"\x00"]}, Step.WAIT, "discarded_malformed"),
]


@pytest.mark.parametrize(("form", "step", "discarded"), DATAGRAMS)
def test_datagrams(
    judge: Judge, make_attempt: Any, reply_form: Any, form: dict[str, Any], step: Step, discarded: str
) -> None:
    attempt = make_attempt()
    outcome = judge.datagram(attempt, reply_form(**form).build(attempt.query.wire), attempt.upstream.endpoint)
    assert (outcome.step, outcome.discarded) == (step, discarded)
    assert outcome.heard is not bool(discarded)
    assert (outcome.answer is not None) is (step is Step.DONE)


MESSAGES = [
    (ANSWER, Step.DONE, "", False),
    ({**ANSWER, "keep_case": False}, Step.DONE, "", True),
    ({"truncated": True}, Step.NEXT, "", False),
    ({"wrong_id": True}, Step.NEXT, "discarded_id", False),
    ({"additional": [b"\x00"]}, Step.NEXT, "discarded_malformed", False),
    ({"rcode": 1, "edns": False}, Step.PLAIN, "", False),
]


@pytest.mark.parametrize(("form", "step", "discarded", "case_lost"), MESSAGES)
def test_messages_over_tcp(
    judge: Judge,
    make_attempt: Any,
    reply_form: Any,
    form: dict[str, Any],
    step: Step,
    discarded: str,
    case_lost: bool,
) -> None:
    attempt = make_attempt(Transport.STREAM)
    outcome = judge.message(attempt, reply_form(**form).build(attempt.query.wire))
    assert (outcome.step, outcome.discarded, outcome.case_lost) == (step, discarded, case_lost)


def test_case_is_nothing_to_go_by_when_none_was_mixed(
    judge: Judge, make_attempt: Any, reply_form: Any
) -> None:
    attempt = make_attempt(mixed_case=False)
    data = reply_form(keep_case=False, **ANSWER).build(attempt.query.wire)
    assert judge.datagram(attempt, data, attempt.upstream.endpoint).step is Step.DONE
    assert judge.message(attempt, data).case_lost is False


def test_formerr_without_edns_is_not_asked_a_third_time(
    judge: Judge, make_attempt: Any, reply_form: Any
) -> None:
    attempt = make_attempt(edns=False)
    data = reply_form(rcode=1, edns=False).build(attempt.query.wire)
    assert judge.datagram(attempt, data, attempt.upstream.endpoint).step is Step.NEXT


def test_suspicion_grows_with_wrong_ids(judge: Judge, make_attempt: Any, reply_form: Any) -> None:
    attempt = make_attempt()
    data = reply_form(wrong_id=True).build(attempt.query.wire)
    steps = [judge.datagram(attempt, data, attempt.upstream.endpoint).step for _ in range(MAX_WRONG_IDS)]
    assert steps == [Step.WAIT] * (MAX_WRONG_IDS - 1) + [Step.STREAM]


def test_suspicion_grows_with_strangers(judge: Judge, make_attempt: Any) -> None:
    attempt = make_attempt()
    stranger = Endpoint("203.0.113.66", 53)
    steps = [judge.datagram(attempt, b"", stranger).step for _ in range(MAX_DISCARDED)]
    assert steps == [Step.WAIT] * (MAX_DISCARDED - 1) + [Step.STREAM]
