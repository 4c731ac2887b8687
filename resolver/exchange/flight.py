"""One question being asked: who waits for it, what was tried, what is still awaited."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from resolver.exchange.endpoint import Endpoint
from resolver.exchange.model import FailureKind, Question
from resolver.exchange.query import Query
from resolver.exchange.upstreams import Upstream

STALE_AFTER = 1.8
"""Seconds until a stale answer is given while the refresh goes on (RFC 8767 section 5, client response timer)."""
MAX_FLIGHT = 2.0
"""A flight lasts at most this many query time-outs."""


class Transport(Enum):
    """How a query travels."""

    DATAGRAM = auto()
    STREAM = auto()


@dataclass(slots=True, eq=False)
class Attempt:
    """One query that waits for its reply. ``flight`` is the flight's number, times are monotonic seconds."""

    number: int
    flight: int
    upstream: Upstream
    transport: Transport
    query: Query
    started: float
    expires: float
    edns_refused: bool = False
    """This is the second query, without EDNS, after the first was refused with FORMERR or NOTIMP."""
    late: bool = False
    """Its time is over; its reply is still welcome."""
    wrong_ids: int = 0
    discarded: int = 0


class Flight:
    """A question in flight. ``listed`` is False for a probe, which nobody can join."""

    __slots__ = (
        "attempts",
        "barred",
        "ede",
        "ends",
        "heard",
        "latest_end",
        "listed",
        "number",
        "queries",
        "question",
        "silent",
        "stale_at",
        "tries",
        "waiters",
    )

    def __init__(self, number: int, question: Question, now: float, timeout: float, *, listed: bool) -> None:
        """Start at ``now``; ``timeout`` is the query time-out in seconds."""
        self.number = number
        self.question = question
        self.listed = listed
        self.ends = now + timeout
        self.latest_end = now + MAX_FLIGHT * timeout
        self.stale_at = now + STALE_AFTER
        self.waiters: dict[int, float] = {}
        self.attempts: dict[int, Attempt] = {}
        self.tries: dict[Endpoint, int] = {}
        self.queries = 0
        """Queries sent so far: the sum of ``tries``."""
        self.barred: set[Endpoint] = set()
        self.ede: tuple[tuple[int, bytes], ...] = ()
        self.heard = False
        self.silent = False

    @property
    def failure(self) -> FailureKind:
        """What its failure would be called: UNREACHABLE while anybody owes an answer."""
        if self.attempts or self.silent or not self.heard:
            return FailureKind.UNREACHABLE
        return FailureKind.NETWORK

    def due_waiters(self, now: float) -> list[int]:
        """Waiters whose deadline has come."""
        return [waiter for waiter, deadline in self.waiters.items() if deadline <= now]

    def due_attempts(self, now: float) -> list[Attempt]:
        """Attempts whose time is over since they were last looked at."""
        return [each for each in self.attempts.values() if not each.late and each.expires <= now]

    def next_time(self, now: float) -> float:
        """When it must be looked at again, after all that was due ``now`` was done."""
        earliest = self.ends if self.ends > now else float("inf")
        if self.waiters:
            if now < self.stale_at < earliest:
                earliest = self.stale_at
            for deadline in self.waiters.values():
                if now < deadline < earliest:
                    earliest = deadline
        for attempt in self.attempts.values():
            if not attempt.late and now < attempt.expires < earliest:
                earliest = attempt.expires
        return earliest if earliest != float("inf") else self.ends
