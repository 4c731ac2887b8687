"""The way out: questions in, resolutions out. Carries out the exchange's commands and tells it what happens.

One loop timer serves all of the exchange's timers. Everything runs on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable

from resolver.exchange.cache import AnswerCache
from resolver.exchange.counters import Count
from resolver.exchange.events import (
    Close,
    Command,
    Deliver,
    Event,
    SendDatagram,
    SendMessage,
    Stopped,
    TimePassed,
    Withdrawn,
)
from resolver.exchange.exchange import Exchange
from resolver.exchange.model import Answer, FailureKind, Question, Resolution
from resolver.exchange.query import Dice
from resolver.exchange.upstreams import UpstreamState
from resolver.outbound.datagrams import Datagrams
from resolver.outbound.dice import SystemDice
from resolver.outbound.streams import Streams
from resolver.tables.model import ResolverSettings

RESERVED_FILES = 256
"""File descriptors left to the rest of the process: listeners, clients' connections, tables."""
MIN_SOCKETS = 16
"""Sockets for upstreams even where the limit on open files leaves none to speak of."""

Done = Callable[[Resolution], None]
"""Takes the end of a question. It may ask another, and must not raise."""


class Forwarder:
    """Answers from the cache and the upstreams. ``counters`` counts one event by its name in COUNTERS."""

    def __init__(
        self,
        settings: ResolverSettings,
        *,
        counters: Count,
        dice: Dice | None = None,
        clock: Callable[[], float] = time.monotonic,
        max_sockets: int | None = None,
        cache: AnswerCache | None = None,
    ) -> None:
        """``max_sockets`` is by default what the limit on open files leaves, ``cache`` one of this process alone.

        A cache that others share needs the default ``clock``. ValueError for a malformed upstream.
        """
        dice = dice if dice is not None else SystemDice()
        self._clock = clock
        self._max_sockets = max_sockets if max_sockets is not None else _sockets_allowed()
        self._exchange = Exchange(
            settings,
            dice=dice,
            count=counters,
            max_attempts=min(self._max_sockets, settings.max_in_flight),
            cache=cache,
        )
        self._datagrams = Datagrams(dice, self._handle, self._max_sockets)
        self._streams = Streams(self._handle)
        self._waiters: dict[int, Done] = {}
        self._last_waiter = 0
        self._drained: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = float("inf")
        self._is_open = False

    async def start(self) -> None:
        """Begin to serve. Sockets are opened per question, so there is nothing to wait for."""
        self._is_open = True

    async def close(self, drain: float = 0.0) -> None:
        """Give questions in flight up to ``drain`` seconds, then end all of them; no socket or task is left.

        From the call on, new questions fail at once. A second call is no error.
        """
        self._is_open = False
        if self._waiters and drain > 0:
            self._drained = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._drained], timeout=drain)
            self._drained = None
        self._handle(Stopped())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._datagrams.close_all()
        await self._streams.close_all()

    def cached(self, question: Question) -> Answer | None:
        """The fresh answer, if the cache has it; counts as a hit and may set off a prefetch."""
        if not self._is_open:
            return None
        answer, commands = self._exchange.lookup(question, self._clock())
        if commands:
            self._carry_out(commands)
        return answer

    def prefetch(self, question: Question) -> None:
        """Ask again for a popular answer near its end, which the core has just given, within the same limits."""
        if self._is_open:
            self._carry_out(self._exchange.prefetch(question, self._clock()))

    def ask(self, question: Question, done: Done) -> int:
        """Have ``done`` called once with the end of the question, within the query time-out; perhaps before this returns.

        The number is for ``withdraw``.
        """
        self._last_waiter += 1
        waiter = self._last_waiter
        if not self._is_open:
            done(Resolution(None, FailureKind.UNREACHABLE))
            return waiter
        self._waiters[waiter] = done
        self._carry_out(self._exchange.ask(question, waiter, self._clock()))
        return waiter

    def withdraw(self, waiter: int) -> None:
        """Let ``done`` never be called; a question that has ended is no error."""
        if self._waiters.pop(waiter, None) is not None:
            self._handle(Withdrawn(waiter))

    async def resolve(self, question: Question) -> Resolution:
        """The end of the question, within the query time-out; never raises for what the network does."""
        future: asyncio.Future[Resolution] = asyncio.get_running_loop().create_future()

        def done(resolution: Resolution) -> None:
            if not future.done():
                future.set_result(resolution)

        waiter = self.ask(question, done)
        try:
            return await future
        except asyncio.CancelledError:
            self.withdraw(waiter)
            raise

    def age(self, answer: Answer) -> int:
        """Whole seconds since the answer was stored: what is taken off its TTLs."""
        return max(0, int(self._clock() - answer.stored))

    def reconfigure(self, settings: ResolverSettings) -> None:
        """Put other upstreams and limits in force; questions in flight and the cache stay. ValueError: nothing changed."""
        self._exchange.reconfigure(settings, min(self._max_sockets, settings.max_in_flight), self._clock())

    @property
    def cache_bytes(self) -> int:
        """Memory of the cache, overhead included."""
        return self._exchange.cache_bytes

    @property
    def cache_entries(self) -> int:
        """Answers in the cache, stale ones included."""
        return self._exchange.cache_entries

    @property
    def in_flight(self) -> int:
        """Questions being asked of upstreams."""
        return self._exchange.in_flight

    def upstream_states(self) -> tuple[UpstreamState, ...]:
        """A picture of the upstreams for metrics."""
        return self._exchange.upstream_states()

    def _handle(self, event: Event) -> None:
        self._carry_out(self._exchange.handle(event, self._clock()))

    def _carry_out(self, commands: list[Command]) -> None:
        """Carry out commands in order, and those that follow from their failing; then set the timer, then deliver.

        Whoever is delivered to may ask the next question at once, so nothing must be left to do by then.
        """
        delivered: list[tuple[Done, Resolution]] = []
        for command in commands:  # grows while it is walked
            failure = None
            if type(command) is Deliver:
                done = self._waiters.pop(command.waiter, None)
                if done is not None:
                    delivered.append((done, command.resolution))
            elif type(command) is SendDatagram:
                failure = self._datagrams.send(command)
            elif type(command) is Close:
                self._datagrams.close(command.attempt)
                self._streams.close(command.attempt)
            elif type(command) is SendMessage:
                self._streams.send(command)
            if failure is not None:
                commands += self._exchange.handle(failure, self._clock())
        self._arm()
        for done, resolution in delivered:
            done(resolution)
        if self._drained is not None and not self._waiters and not self._drained.done():
            self._drained.set_result(None)

    def _arm(self) -> None:
        """Have one loop timer at or before the exchange's next; an early one finds nothing due and arms the next."""
        when = self._exchange.next_timer()
        if when is None or when >= self._timer_due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = when
        delay = max(0.0, when - self._clock())
        self._timer = asyncio.get_running_loop().call_later(delay, self._time_passed)

    def _time_passed(self) -> None:
        self._timer = None
        self._timer_due = float("inf")
        self._handle(TimePassed())


def _sockets_allowed() -> int:
    """What the limit on open files leaves for upstreams."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 65_536
    return max(MIN_SOCKETS, soft - RESERVED_FILES)
