"""One flight: when it must be looked at, and what its failure is called."""

from __future__ import annotations

from typing import Any

import pytest

from resolver.exchange.inflight import FlightTable
from resolver.exchange.model import FailureKind


def test_the_next_time(make_question: Any) -> None:
    table = FlightTable()
    flight = table.begin(make_question("a.example"), 0.0, 5.0)
    assert flight.next_time(0.0) == 5.0, "nobody waits for a stale answer"
    table.join(flight, 1, 0.0, 5.0)
    assert flight.next_time(0.0) == 1.8
    assert flight.next_time(1.8) == 5.0
    assert flight.next_time(9.0) == 5.0


@pytest.mark.parametrize(
    ("heard", "silent", "kind"),
    [
        (False, False, FailureKind.UNREACHABLE),
        (True, False, FailureKind.NETWORK),
        (True, True, FailureKind.UNREACHABLE),
    ],
)
def test_what_a_failure_is_called(make_question: Any, heard: bool, silent: bool, kind: FailureKind) -> None:
    flight = FlightTable().begin(make_question("a.example"), 0.0, 5.0)
    flight.heard, flight.silent = heard, silent
    assert flight.failure is kind
