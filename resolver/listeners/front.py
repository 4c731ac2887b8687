"""The core's part of a worker: a thread for UDP, a core to ask first for what comes over TCP, and their counters."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from secrets import randbits, token_bytes

from resolver.core.native import HANDED_OVER, Cache, Core, Engine, HandedOver, Sketch, State, Tap
from resolver.counting import open_core_page
from resolver.exchange.model import Question
from resolver.listeners.core import MAX_AGE_MS, MAX_BACKLOG, MAX_PLACES, CoreListener
from resolver.listeners.server import Server
from resolver.listeners.steering import cpu_of
from resolver.pages import Page

LIMITER_KEY_BYTES = 16
_MS = 1_000_000  # nanoseconds


@dataclass(frozen=True, slots=True)
class Place:
    """Which worker this is, and where its counters, its sample of queries and hits of secret lists go."""

    run: Path
    slot: int
    workers: int
    tap: Tap
    sketch: Sketch


class CoreFront:
    """Serves UDP sockets by the core, until ``close``; one per worker."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        server: Server,
        place: Place,
        *,
        max_waiting: int,
        prefetch: Callable[[Question], None],
        count: Callable[[str], None],
    ) -> None:
        """``max_waiting`` queries may wait for their answers, as in ``Server``. OSError, MemoryError, CoreError if the
        core cannot serve.
        """
        page = open_core_page(place.run, place.slot, Page.CORE)
        cpu = cpu_of(place.slot, place.workers, os.sched_getaffinity(0), os.cpu_count() or 1)
        engine = Engine(
            Core(stats=page, limiter_key=token_bytes(LIMITER_KEY_BYTES), sketch=place.sketch),
            [sock.fileno() for sock in sockets],
            places=min(max_waiting, MAX_PLACES),
            backlog=MAX_BACKLOG,
            max_age_ms=MAX_AGE_MS,
            key=randbits(64),
            cpu=-1 if cpu is None else cpu,
            tap=place.tap,
        )
        self._listener = CoreListener(engine, server, prefetch=prefetch, count=count)
        self._tcp_page = open_core_page(place.run, place.slot, Page.CORE_TCP)
        self._tcp: Core | None = None
        self._sketch = place.sketch
        self._state: State | None = None
        self._cache: Cache | None = None

    def use(self, state: State, cache: Cache | None) -> None:
        """Serve under this state and from this cache from now on; the first call begins to serve."""
        if self._state is None:
            self._listener.start(state, cache)
        else:
            self._listener.use(state, cache)
        if self._tcp is None or cache is not self._cache:
            self._tcp = Core(cache, self._tcp_page, sketch=self._sketch)
        self._state, self._cache = state, cache

    def answer(self, packet: bytes, client: str) -> bytes | HandedOver | None:
        """What the core makes of a packet that came over TCP: the answer, None for silence, or it is Python's."""
        if self._tcp is None or self._state is None:
            return HANDED_OVER
        address = ip_address(client.partition("%")[0]).packed
        now_ms, unix_ms = time.monotonic_ns() // _MS, time.time_ns() // _MS
        return self._tcp.answer(self._state, packet, address, over_tcp=True, now_ms=now_ms, unix_ms=unix_ms)

    def tidy(self) -> None:
        """Release the states that the thread has passed; to be called now and then."""
        self._listener.tidy()

    def finish(self) -> None:
        """Answer what has arrived, then read no more."""
        self._listener.finish()

    async def drained(self, timeout: float) -> None:
        """Wait until nobody waits for an answer, for at most ``timeout`` seconds."""
        await self._listener.drained(timeout)

    def close(self) -> None:
        """Send the answers given so far, and end the thread."""
        self._listener.close()
