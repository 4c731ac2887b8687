"""The machine: events in, commands out. It owns the cache, the flights and the upstreams; it has no clock and no socket.

The life of a question::

    Asked ── fresh answer ───────────────────────────────▶ Deliver
      │  └── failed lately ──────────────────────────────▶ Deliver stale or failure
      ▼
    flight ── try ── reply ──────────────────────────────▶ Deliver, cached
      │        │ refusal, silence, no route: next try
      │        └ none left ──────────────────────────────▶ Deliver stale or failure, remembered
      ├── 1.8 s and a stale answer ──────────────────────▶ Deliver stale; the flight goes on
      └── waiter's deadline ─────────────────────────────▶ Deliver stale or failure

Rule 1: every waiter gets exactly one Deliver, unless it withdraws. Rule 2: every attempt that was opened is closed.
Rule 3: every flight has a timer. ``README.md`` lists the timers and bounds.
"""

from __future__ import annotations

from collections.abc import Iterable

from resolver.exchange.attempts import Attempts
from resolver.exchange.cache import AnswerCache, Cache, Found
from resolver.exchange.counters import Count
from resolver.exchange.events import (
    Asked,
    AttemptFailed,
    Command,
    DatagramReceived,
    Deliver,
    Event,
    MessageReceived,
    TimePassed,
    Withdrawn,
)
from resolver.exchange.failures import Failure, FailureMemory
from resolver.exchange.flight import Flight, Transport
from resolver.exchange.inflight import FlightTable
from resolver.exchange.model import Answer, FailureKind, Question, Resolution
from resolver.exchange.query import Dice
from resolver.exchange.scan import TtlLimits
from resolver.exchange.timers import Timers
from resolver.exchange.tries import Ending, Tries
from resolver.exchange.upstreams import Pool, UpstreamState
from resolver.tables.model import ResolverSettings

PREFETCH_ROOM = 0.5
"""Prefetches begin only while fewer than this share of the flights exist: they never push out a client's question."""

_HEARD = (DatagramReceived, MessageReceived, AttemptFailed)
_FAILURE_COUNTERS = {
    FailureKind.UNREACHABLE: "failures_unreachable",
    FailureKind.NETWORK: "failures_network",
}


class Exchange:
    """One worker's misses. Not thread-safe; the commands of each call must be carried out in order."""

    def __init__(
        self,
        settings: ResolverSettings,
        *,
        dice: Dice,
        count: Count,
        max_attempts: int,
        cache: AnswerCache | None = None,
    ) -> None:
        """Start with ``cache``, or an empty one of its own. ``max_attempts`` bounds the sockets.

        ValueError for a malformed upstream.
        """
        self._settings = settings
        self._ttl_limits = _ttl_limits(settings)
        self._count = count
        self._commands: list[Command] = []
        self._cache = cache if cache is not None else Cache(settings.cache_size, settings.serve_stale)
        self._failures = FailureMemory()
        self._flights = FlightTable()
        self._timers = Timers()
        self._pool = Pool(settings.upstreams)
        self._attempts = Attempts(dice, count, self._commands, max_attempts)
        self._tries = Tries(self._pool, self._attempts, dice, count)

    def handle(self, event: Event, now: float) -> list[Command]:
        """Take in one event that happened ``now``; the commands that follow from it, in order."""
        if isinstance(event, _HEARD):
            self._hear(event, now)
        elif isinstance(event, Asked):
            self._ask(event.question, event.waiter, now)
        elif isinstance(event, Withdrawn):
            self._flights.leave(event.waiter)
        elif isinstance(event, TimePassed):
            self._pass_time(now)
        else:
            self._stop()
        return self._take_commands()

    def ask(self, question: Question, waiter: int, now: float) -> list[Command]:
        """What ``handle`` does for Asked, which is most of what happens."""
        self._ask(question, waiter, now)
        return self._take_commands()

    def lookup(self, question: Question, now: float) -> tuple[Answer | None, list[Command]]:
        """The fresh answer, if there is one; a popular one near its end is asked for again."""
        answer = self._fresh(question, now)
        return answer, self._take_commands()

    def prefetch(self, question: Question, now: float) -> list[Command]:
        """Ask again for an answer that whoever gave it found popular and near its end, if that may be done now."""
        self._prefetch(question, now)
        return self._take_commands()

    def next_timer(self) -> float | None:
        """When TimePassed is due; None while nothing is in flight."""
        return self._timers.next()

    def reconfigure(self, settings: ResolverSettings, max_attempts: int, now: float) -> None:
        """Put other settings in force for what is asked from now on. ValueError, and no change, for a bad upstream."""
        self._pool.update(settings.upstreams)
        self._settings = settings
        self._ttl_limits = _ttl_limits(settings)
        self._attempts.limit = max_attempts
        self._count_evictions(self._cache.resize(settings.cache_size, settings.serve_stale, now))

    @property
    def cache_bytes(self) -> int:
        """Memory of the cache, as it reports it."""
        return self._cache.bytes

    @property
    def cache_entries(self) -> int:
        """Answers in the cache, stale ones included."""
        return len(self._cache)

    @property
    def in_flight(self) -> int:
        """Questions being asked, prefetches and probes included."""
        return len(self._flights)

    @property
    def waiting(self) -> int:
        """Waiters that have had no Deliver yet."""
        return self._flights.waiting

    @property
    def open_attempts(self) -> int:
        """Sockets in use."""
        return len(self._attempts)

    def upstream_states(self) -> tuple[UpstreamState, ...]:
        """A picture of the upstreams for metrics."""
        return self._pool.states()

    def _ask(self, question: Question, waiter: int, now: float) -> None:
        found = self._cache.look(question, now)
        if found is not None and found.fresh:
            self._deliver(waiter, Resolution(self._hit(found, now)))
            return
        self._count("cache_misses")
        if past := self._failures.recent(question, now, stale=found is not None):
            self._count("failures_remembered")
            self._turn_away([waiter], question, past, now)
            return
        flight = self._flights.find(question)
        if self._flights.waiting >= self._settings.max_in_flight or (flight is None and not self._room()):
            self._turn_away([waiter], question, Failure(FailureKind.OVERLOAD, (), now), now)
        elif flight is None:
            self._begin(question, now, waiter)
            self._probe(question, now)
        else:
            self._count("coalesced")
            self._flights.join(flight, waiter, now, self._settings.query_timeout)
            self._review(flight, now)

    def _fresh(self, question: Question, now: float) -> Answer | None:
        found = self._cache.look(question, now)
        return self._hit(found, now) if found is not None and found.fresh else None

    def _hit(self, found: Found, now: float) -> Answer:
        self._count("cache_hits")
        if found.prefetch:
            self._prefetch(found.answer.question, now)
        return found.answer

    def _room(self) -> int:
        """How many more flights may begin."""
        return min(self._settings.max_in_flight - len(self._flights), self._attempts.room)

    def _begin(self, question: Question, now: float, waiter: int | None = None) -> None:
        flight = self._flights.begin(question, now, self._settings.query_timeout)
        if waiter is not None:
            self._flights.join(flight, waiter, now, self._settings.query_timeout)
        ending = self._tries.advance(flight, now)
        if ending is None:
            self._timers.set(flight.number, flight.next_time(now))  # nothing can be due yet
        else:
            self._finish(flight, ending, now)

    def _prefetch(self, question: Question, now: float) -> None:
        """Ask again for a popular answer, unless that is being done, has just failed, or there is no room for it."""
        is_busy = len(self._flights) >= self._settings.max_in_flight * PREFETCH_ROOM or self._room() <= 0
        if is_busy or not self._settings.prefetch or self._flights.find(question) is not None:
            return
        if self._failures.recent(question, now, stale=True) is None:
            self._count("prefetches")
            self._begin(question, now)

    def _probe(self, question: Question, now: float) -> None:
        """Ask an upstream that is down the same question, beside the client's flight and at nobody's cost."""
        if not self._pool.is_probing or self._room() <= 0:
            return
        if (upstream := self._pool.take_probe(now)) is None:
            return
        self._count("upstream_probes")
        flight = self._flights.begin(question, now, self._settings.query_timeout, listed=False)
        self._attempts.open(flight, upstream, now, Transport.DATAGRAM)
        self._review(flight, now)

    def _hear(self, event: DatagramReceived | MessageReceived | AttemptFailed, now: float) -> None:
        attempt = self._attempts.get(event.attempt)
        flight = self._flights.get(attempt.flight) if attempt is not None else None
        if attempt is None or flight is None:
            return  # the event crossed with the Close
        if isinstance(event, AttemptFailed):
            ending = self._tries.attempt_failed(flight, attempt, event.trouble, now)
        else:
            ending = self._tries.receive(flight, attempt, event, self._ttl_limits, now)
        self._settle(flight, ending, now)

    def _pass_time(self, now: float) -> None:
        for number in self._timers.take_due(now):
            if (flight := self._flights.get(number)) is not None:
                self._review(flight, now)

    def _settle(self, flight: Flight, ending: Ending, now: float) -> None:
        """After something happened to the flight: let it end, or see what else is due."""
        if ending is None:
            self._review(flight, now)
        else:
            self._finish(flight, ending, now)

    def _review(self, flight: Flight, now: float) -> None:
        """Do what is due for the flight, then set its timer."""
        self._serve_waiters(flight, now)
        ending: Ending = flight.failure if now >= flight.ends else None
        for attempt in flight.due_attempts(now) if ending is None else ():
            ending = self._tries.time_out(flight, attempt, now)
        if ending is None:
            self._timers.set(flight.number, flight.next_time(now))
        else:
            self._finish(flight, ending, now)

    def _finish(self, flight: Flight, ending: Answer | FailureKind, now: float) -> None:
        if isinstance(ending, Answer):
            self._succeed(flight, ending)
        else:
            self._fail(flight, Failure(ending, flight.ede, now))

    def _serve_waiters(self, flight: Flight, now: float) -> None:
        """Stale answers after STALE_AFTER, failures at the waiters' deadlines."""
        due = flight.due_waiters(now)
        if flight.waiters and now >= flight.stale_at and self._cache.holds(flight.question, now):
            due = list(flight.waiters)
        if due:
            self._turn_away(due, flight.question, Failure(flight.failure, flight.ede, now), now)

    def _succeed(self, flight: Flight, answer: Answer) -> None:
        self._count_evictions(self._cache.store(answer))
        self._failures.forget(answer.question)
        resolution = Resolution(answer)
        self._give(flight, resolution)
        # What a probe brought ends the client's flight for the same question too.
        asked = self._flights.find(answer.question)
        if asked is not None:
            self._give(asked, resolution)

    def _give(self, flight: Flight, resolution: Resolution) -> None:
        """The end of the flight: the same for all who wait."""
        for waiter in list(flight.waiters):
            self._deliver(waiter, resolution)
        self._end(flight)

    def _fail(self, flight: Flight, failure: Failure) -> None:
        if flight.listed:
            self._failures.remember(flight.question, failure)
        self._turn_away(list(flight.waiters), flight.question, failure, failure.at)
        self._end(flight)

    def _end(self, flight: Flight) -> None:
        for attempt in list(flight.attempts.values()):
            self._attempts.close(flight, attempt)
        self._flights.end(flight)
        self._timers.clear(flight.number)

    def _stop(self) -> None:
        for flight in self._flights.all():
            self._give(flight, Resolution(None, FailureKind.UNREACHABLE))

    def _turn_away(self, waiters: Iterable[int], question: Question, failure: Failure, now: float) -> None:
        """Give the waiters what the cache has, stale as a rule, else the failure."""
        found = self._cache.look(question, now)
        for waiter in waiters:
            if failure.kind is FailureKind.OVERLOAD:
                self._count("overload")
            if found is not None:
                self._count("cache_hits" if found.fresh else "stale_answers")
                self._deliver(waiter, Resolution(found.answer, stale=not found.fresh))
                continue
            if failure.kind in _FAILURE_COUNTERS:
                self._count(_FAILURE_COUNTERS[failure.kind])
            self._deliver(waiter, Resolution(None, failure.kind, ede=failure.ede))

    def _deliver(self, waiter: int, resolution: Resolution) -> None:
        self._flights.leave(waiter)
        self._commands.append(Deliver(waiter, resolution))

    def _count_evictions(self, evicted: int) -> None:
        for _ in range(evicted):
            self._count("cache_evictions")

    def _take_commands(self) -> list[Command]:
        if not self._commands:
            return []
        taken = self._commands.copy()
        self._commands.clear()
        return taken


def _ttl_limits(settings: ResolverSettings) -> TtlLimits:
    return TtlLimits(settings.min_ttl, settings.max_ttl, settings.max_negative_ttl)
