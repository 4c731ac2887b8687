"""The table of flights: coalescing, deadlines, ends."""

from __future__ import annotations

from typing import Any

import pytest

from resolver.exchange.inflight import FlightTable


def test_a_flight_is_found_by_question_until_it_ends(make_question: Any) -> None:
    table, question = FlightTable(), make_question("a.example")
    flight = table.begin(question, 0.0, 5.0)
    assert table.find(question) is flight
    assert table.get(flight.number) is flight
    table.end(flight)
    assert table.find(question) is None
    assert table.get(flight.number) is None
    assert len(table) == 0


def test_a_probe_is_not_found_by_question(make_question: Any) -> None:
    table, question = FlightTable(), make_question("a.example")
    probe = table.begin(question, 0.0, 5.0, listed=False)
    assert table.find(question) is None
    flight = table.begin(question, 0.0, 5.0)
    table.end(probe)
    assert table.find(question) is flight


def test_joining_prolongs_up_to_twice_the_timeout(make_question: Any) -> None:
    table = FlightTable()
    flight = table.begin(make_question("a.example"), 100.0, 5.0)
    table.join(flight, 1, 100.0, 5.0)
    assert flight.ends == 105.0
    table.join(flight, 2, 103.0, 5.0)
    assert flight.ends == 108.0
    table.join(flight, 3, 109.0, 5.0)
    assert flight.ends == 110.0
    assert flight.waiters == {1: 105.0, 2: 108.0, 3: 110.0}
    assert flight.due_waiters(108.0) == [1, 2]
    assert table.waiting == 3


def test_leaving(make_question: Any) -> None:
    table = FlightTable()
    flight = table.begin(make_question("a.example"), 0.0, 5.0)
    table.join(flight, 1, 0.0, 5.0)
    table.leave(1)
    table.leave(1)
    assert (table.waiting, flight.waiters) == (0, {})


def test_a_flight_with_waiters_must_not_end(make_question: Any) -> None:
    table = FlightTable()
    flight = table.begin(make_question("a.example"), 0.0, 5.0)
    table.join(flight, 1, 0.0, 5.0)
    with pytest.raises(AssertionError):
        table.end(flight)
