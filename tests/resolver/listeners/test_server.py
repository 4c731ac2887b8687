"""Queries that the core hands over: one question at a time, every query answered once, whatever happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import dns.message
import dns.rcode
import pytest
import structlog

from resolver.answer.decision import Services
from resolver.answer.generation import Generation
from resolver.answer.pipeline import Pipeline
from resolver.exchange.model import Answer, FailureKind, Question, Resolution
from resolver.listeners.server import Server
from resolver.tables.view import View

CLIENT = bytes((127, 0, 0, 1))
QUESTION = Question(b"\x04free\x07example\x00", 1)
ANSWER = Answer(QUESTION, b"", 0x8180, (), (), (), 0.0, 60)


class Hands:
    """The forwarder and the core in the hands of the test."""

    def __init__(self) -> None:
        self.asked: dict[int, tuple[Question, Callable[[Resolution], None]]] = {}
        self.said: list[Any] = []
        self.withdrawn: list[int] = []
        self.sent: list[bytes | None] = []

    def ask(self, question: Question, done: Callable[[Resolution], None]) -> int:
        self.asked[len(self.asked) + 1] = question, done
        return len(self.asked)

    def withdraw(self, waiter: int) -> None:
        self.withdrawn.append(waiter)

    def step(self, packet: bytes, client: bytes) -> bytes | Question | None:
        said: bytes | Question | Exception | None = self.said.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    def resolved(self, resolution: Resolution) -> None:
        self.asked[len(self.asked)][1](resolution)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def counted() -> Counter[str]:
    return Counter()


@pytest.fixture
def serve(make_view: Callable[..., View], hands: Hands, counted: Counter[str]) -> Any:
    def count(name: str) -> None:
        counted[name] += 1

    pipeline = Pipeline(Generation(make_view()), Services(lambda _: None, lambda _: 0, count))
    server = Server(pipeline, hands, clock=lambda: 0.0, max_waiting=2, count=count)

    def give(*said: Any, name: str = "free.example") -> Server:
        hands.said += said
        packet = dns.message.make_query(name, "A", id=7).to_wire()
        server.serve_handed_over(hands, packet, CLIENT, hands.sent.append)
        return server

    return give


def _rcode(answer: bytes | None) -> dns.rcode.Rcode:
    assert answer is not None
    return dns.message.from_wire(answer).rcode()


def test_an_answer_that_came_meanwhile(serve: Any, hands: Hands, counted: Counter[str]) -> None:
    serve(b"kept")
    assert (hands.sent, hands.asked) == ([b"kept"], {})
    assert counted == {"queries_udp": 1, "cache_hits": 1}


def test_the_core_answers_once_the_cache_has_it(serve: Any, hands: Hands, counted: Counter[str]) -> None:
    serve(QUESTION, b"whole")
    assert hands.asked[1][0] == QUESTION
    assert hands.sent == []
    hands.resolved(Resolution(ANSWER))
    assert hands.sent == [b"whole"]
    assert counted == {"queries_udp": 1}


@pytest.mark.parametrize(
    ("resolution", "said"),
    [
        (Resolution(None, FailureKind.UNREACHABLE), []),
        (Resolution(ANSWER._replace(wire=b"\x00" * 12), stale=True), []),
        (Resolution(ANSWER._replace(wire=b"\x00" * 12, ttl=0)), [QUESTION]),
    ],
)
def test_what_the_core_will_not_answer_is_decided_by_the_pipeline(
    serve: Any, hands: Hands, resolution: Resolution, said: list[Any]
) -> None:
    serve(QUESTION, *said)
    hands.resolved(resolution)
    (answer,) = hands.sent
    assert answer is not None
    assert answer[:2] == b"\x00\x07"
    assert (answer[3] & 0xF == 2) == (resolution.answer is None)


def test_what_the_core_does_not_know_goes_through_the_pipeline(serve: Any, hands: Hands) -> None:
    serve(None, name="localhost")
    assert _rcode(hands.sent[0]) == dns.rcode.NOERROR
    serve(None)
    hands.resolved(Resolution(None, FailureKind.NETWORK))
    assert _rcode(hands.sent[1]) == dns.rcode.SERVFAIL


def test_too_many_are_shed(serve: Any, hands: Hands, counted: Counter[str]) -> None:
    for _ in range(3):
        serve(QUESTION)
    assert len(hands.asked) == 2
    assert _rcode(hands.sent[0]) == dns.rcode.SERVFAIL
    assert counted["shed"] == 1


@pytest.mark.parametrize("said", [[RecursionError()], [QUESTION, RecursionError()]])
def test_a_fault_of_ours_is_silence(serve: Any, hands: Hands, counted: Counter[str], said: list[Any]) -> None:
    with structlog.testing.capture_logs() as logs:
        serve(*said)
        if hands.asked:
            hands.resolved(Resolution(ANSWER))
    assert hands.sent == [None]
    assert counted["faults"] == len(logs) == 1
    assert "example" not in str(logs)


async def test_those_who_wait_when_it_ends_are_withdrawn(serve: Any, hands: Hands) -> None:
    server = serve(QUESTION)
    await server.drain(0.01)
    assert hands.withdrawn == [1]
    await server.drain(0.01)
