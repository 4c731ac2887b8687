"""All flights, by number, by question and by waiter.

Identical questions share a flight (coalescing); this also denies an attacker many chances at once to have one forged
answer accepted (RFC 5452 section 5). Every waiter has a deadline of its own; a waiter that joins prolongs the flight,
but never beyond twice the query time-out.
"""

from __future__ import annotations

from resolver.exchange.flight import Flight
from resolver.exchange.model import Question


class FlightTable:
    """The flights. Bounds are the caller's: it asks ``len`` and ``waiting`` before it adds."""

    __slots__ = ("_by_number", "_by_question", "_flight_of", "_last")

    def __init__(self) -> None:
        """Start empty."""
        self._by_number: dict[int, Flight] = {}
        self._by_question: dict[Question, Flight] = {}
        self._flight_of: dict[int, Flight] = {}
        self._last = 0

    def __len__(self) -> int:
        """Flights, probes included."""
        return len(self._by_number)

    @property
    def waiting(self) -> int:
        """Waiters of all flights."""
        return len(self._flight_of)

    def begin(self, question: Question, now: float, timeout: float, *, listed: bool = True) -> Flight:
        """A new flight; a listed one can be found by its question."""
        self._last += 1
        flight = Flight(self._last, question, now, timeout, listed=listed)
        self._by_number[flight.number] = flight
        if listed:
            self._by_question[question] = flight
        return flight

    def find(self, question: Question) -> Flight | None:
        """The flight of a question, probes aside."""
        return self._by_question.get(question)

    def get(self, number: int) -> Flight | None:
        """The flight with this number, unless it has ended."""
        return self._by_number.get(number)

    def all(self) -> list[Flight]:
        """Every flight, oldest first."""
        return list(self._by_number.values())

    def join(self, flight: Flight, waiter: int, now: float, timeout: float) -> None:
        """Add a waiter, with a deadline of ``timeout`` seconds or at the flight's latest end."""
        deadline = min(now + timeout, flight.latest_end)
        flight.waiters[waiter] = deadline
        flight.ends = max(flight.ends, deadline)
        self._flight_of[waiter] = flight

    def leave(self, waiter: int) -> None:
        """Remove a waiter that was served or has withdrawn; one that is not there is no error."""
        flight = self._flight_of.pop(waiter, None)
        if flight is not None:
            del flight.waiters[waiter]

    def end(self, flight: Flight) -> None:
        """Forget the flight; its waiters must have left."""
        assert not flight.waiters
        del self._by_number[flight.number]
        if flight.listed:
            del self._by_question[flight.question]
