"""DNS over UDP by the core: its thread reads, decides and answers; what it hands over is finished here.

Queries are taken in slices, so that TCP, timers and upstreams' replies get their turn under any load. The core has
left them uncounted but for ``handed_over``. Each token that was taken gets one reply, if only silence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from resolver.answer.message import MalformedQueryError, parse_query
from resolver.core.native import Cache, Core, Engine, State
from resolver.exchange.model import Question
from resolver.listeners.server import Server
from resolver.listeners.steps import CoreSteps
from resolver.runtime.logs import get_logger

SLICE = 32
"""Queries finished in one turn of the event loop: about 2 ms of work."""

MAX_BACKLOG = 2_048
"""Queries that wait for the event loop at most: what it works off in about 100 ms. More would only be answered late."""

MAX_PLACES = 65_535
"""Queries that may wait for an answer, by the core's tokens."""

MAX_AGE_MS = 60_000
"""A place is given up after this: far beyond what any client waits, and what any query takes (MAX_STEPS times the
query time-out at its default)."""

_PREFETCH = 0
"""The token of a query that the core has answered, and whose answer is near its end."""

_log = get_logger("weir.listeners")


class CoreListener:
    """Serves what an engine hands over, until ``close``. ``prefetch`` asks a question upstream again."""

    def __init__(
        self,
        engine: Engine,
        server: Server,
        *,
        prefetch: Callable[[Question], None],
        count: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._server = server
        self._prefetch = prefetch
        self._count = count
        self._loop = asyncio.get_running_loop()
        self._idle = asyncio.Event()
        self._steps: CoreSteps | None = None
        self._has_unseen = False
        """Whether there are answers that the engine's thread has not been shown."""

    def start(self, state: State, cache: Cache | None) -> None:
        """Begin to serve under this state and from this cache."""
        self._steps = CoreSteps(state, Core(cache), monotonic=time.monotonic, clock=self._server.clock)
        self._loop.add_reader(self._engine.fileno(), self._readable)
        self._engine.start(state, cache)

    def use(self, state: State, cache: Cache | None) -> None:
        """Serve under this state and from this cache from the next batch on; what waits is answered so as well."""
        if self._steps is not None:
            self._steps.use(state, Core(cache))
        self._engine.use(state, cache)

    def tidy(self) -> None:
        """Release the states that the thread has passed."""
        self._engine.states_held()

    def finish(self) -> None:
        """Answer what has arrived, then read no more; what comes later waits for whoever shares the sockets."""
        self._engine.finish()

    async def drained(self, timeout: float) -> None:
        """Wait until nobody waits for an answer, for at most ``timeout`` seconds."""
        if self._engine.is_idle:
            return
        try:
            await asyncio.wait_for(self._idle.wait(), timeout)
        except TimeoutError:
            return

    def close(self) -> None:
        """Send the answers given so far, and end the thread."""
        self._loop.remove_reader(self._engine.fileno())
        self._engine.stop()

    def _readable(self) -> None:
        self._engine.heard()
        self._serve()

    def _serve(self) -> None:
        """One slice; the rest comes after whatever else the loop has to do."""
        taken = self._engine.take(SLICE)
        for token, packet, client, _ in taken:
            if token == _PREFETCH:
                self._ask_again(packet)
            else:
                self._finish(token, packet, client)
        if len(taken) == SLICE:
            self._loop.call_soon(self._serve)
        elif self._engine.is_idle:
            self._idle.set()

    def _finish(self, token: int, packet: bytes, client: bytes) -> None:
        assert self._steps is not None
        self._server.serve_handed_over(self._steps, packet, client, partial(self._send, token))

    def _send(self, token: int, answer: bytes | None) -> None:
        if not self._engine.reply(token, answer):
            self._count("udp_errors")
        if not self._has_unseen:
            # Once for all answers of this turn of the loop, which ends before the loop waits for anything.
            self._has_unseen = True
            self._loop.call_soon(self._show)

    def _show(self) -> None:
        self._has_unseen = False
        self._engine.flush()

    def _ask_again(self, packet: bytes) -> None:
        try:
            query = parse_query(packet)
        except MalformedQueryError:
            return
        dnssec_ok = query.edns is not None and query.edns.dnssec_ok
        try:
            self._prefetch(
                Question(query.name, query.qtype, query.qclass, dnssec_ok, query.checking_disabled)
            )
        except Exception:  # it was answered already, and those behind it in the slice wait for theirs
            self._count("faults")
            _log.exception("an answer could not be renewed before its end")
