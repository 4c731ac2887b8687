"""Opening and closing attempts: numbers, bounds, commands."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from resolver.exchange.attempts import STREAM_TRY, Attempts
from resolver.exchange.events import Close, Command, SendDatagram, SendMessage
from resolver.exchange.flight import Flight, Transport
from resolver.exchange.upstreams import TRY_FIRST, Upstream


@pytest.fixture
def flight(make_question: Any) -> Flight:
    return Flight(1, make_question("a.example"), 0.0, 5.0, listed=True)


def test_life_of_attempts(dice: Any, flight: Flight, upstream_one: Any) -> None:
    commands: list[Command] = []
    counts: Counter[str] = Counter()
    attempts = Attempts(dice, lambda name: counts.update([name]), commands, limit=2)
    upstream = Upstream(upstream_one)
    attempts.open(flight, upstream, 10.0, Transport.DATAGRAM)
    attempts.open(flight, upstream, 10.0, Transport.STREAM, plain=True)
    first, second = flight.attempts.values()
    assert (attempts.room, flight.queries) == (0, 2)
    assert commands == [
        SendDatagram(first.number, upstream_one, first.query.wire),
        SendMessage(second.number, upstream_one, second.query.wire),
    ]
    assert (first.expires, second.expires) == (10.0 + TRY_FIRST, 10.0 + STREAM_TRY)
    assert (first.query.edns, second.query.edns) == (True, False)
    assert first.query.id != second.query.id
    assert counts == {"upstream_queries": 2, "upstream_tcp": 1}

    assert attempts.get(first.number) is first
    attempts.close(flight, first)
    assert attempts.get(first.number) is None
    assert commands[2:] == [Close(first.number)]
    assert (attempts.room, len(attempts), list(flight.attempts)) == (1, 1, [second.number])


def test_a_lowered_limit_leaves_no_room(dice: Any, flight: Flight, upstream_one: Any) -> None:
    attempts = Attempts(dice, lambda name: None, [], limit=3)
    for _ in range(2):
        attempts.open(flight, Upstream(upstream_one), 0.0, Transport.DATAGRAM)
    attempts.limit = 1
    assert attempts.room == 0
