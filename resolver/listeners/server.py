"""From a packet to its answer, whatever it takes: the pipeline, and the forwarder for what the pipeline lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from resolver.answer.decision import Miss, Result
from resolver.answer.pipeline import Pipeline
from resolver.exchange.model import FailureKind, Question, Resolution

MAX_STEPS = 10
"""Questions that one query may need one after another; aliases do not go on for ever."""

Send = Callable[[bytes | None], None]
"""Takes the answer, or None for silence."""

_log = structlog.get_logger("weir.listeners")


class Resolves(Protocol):
    """What is needed of a forwarder."""

    def ask(self, question: Question, done: Callable[[Resolution], None]) -> int:
        """Call ``done`` once with the answer or the failure, in bounded time; returns a number for ``withdraw``."""
        ...

    def withdraw(self, waiter: int) -> None:
        """Let ``done`` never be called."""
        ...


class _Query:
    """A query that waits for its questions, one after another."""

    __slots__ = ("_server", "_steps", "miss", "send", "waiter")

    def __init__(self, server: Server, miss: Miss, send: Send) -> None:
        self._server = server
        self._steps = 0
        self.miss = miss
        self.send = send
        self.waiter = 0

    def resolved(self, resolution: Resolution) -> None:
        """One more answer is known, or cannot be had."""
        self._steps += 1
        self._server.go_on(self, resolution, is_last=self._steps >= MAX_STEPS)


class Server:
    """Answers packets for all listeners of a worker. ``clock`` gives Unix seconds."""

    def __init__(
        self,
        pipeline: Pipeline,
        forwarder: Resolves,
        *,
        clock: Callable[[], float],
        max_waiting: int,
        count: Callable[[str], None],
    ) -> None:
        self._pipeline = pipeline
        self._forwarder = forwarder
        self._clock = clock
        self._count = count
        self._waiting: set[_Query] = set()
        self._idle: asyncio.Future[None] | None = None
        self.max_waiting = max_waiting

    def handle(self, packet: bytes, client: str, *, over_tcp: bool) -> Result:
        """The answer at once, silence, or a miss to be given to ``finish_later``."""
        return self._pipeline.handle(packet, client, over_tcp=over_tcp, now=self._clock())

    def serve(self, packet: bytes, client: str, send: Send, *, over_tcp: bool) -> None:
        """Answer one packet: ``send`` is called once with the answer, or None for silence, now or later."""
        result = self._pipeline.handle(packet, client, over_tcp=over_tcp, now=self._clock())
        if isinstance(result, Miss):
            self.finish_later(result, send)
        else:
            send(result)

    def finish_later(self, miss: Miss, send: Send) -> None:
        """Resolve the miss in the background and call ``send`` once with the answer, or None for silence."""
        if len(self._waiting) >= self.max_waiting:
            self._count("shed")
            send(self._at_once(miss))
            return
        query = _Query(self, miss, send)
        self._waiting.add(query)
        try:
            self._ask(query, miss)
        except Exception:
            self._fault()
            self._end(query, None)

    def go_on(self, query: _Query, resolution: Resolution, *, is_last: bool) -> None:
        """Decide again with one more known answer: send, or ask the next question."""
        answer: bytes | None = None
        try:
            result = self._pipeline.resume(query.miss, resolution, now=self._clock())
            if isinstance(result, Miss) and not is_last:
                self._ask(query, result)
                return
            answer = self._at_once(result) if isinstance(result, Miss) else result
        except Exception:
            self._fault()
        self._end(query, answer)

    def _ask(self, query: _Query, miss: Miss) -> None:
        query.miss = miss
        # An answer that is there at once has asked the next question, with a higher number, when this returns.
        query.waiter = max(self._forwarder.ask(miss.question, query.resolved), query.waiter)

    def _end(self, query: _Query, answer: bytes | None) -> None:
        self._waiting.discard(query)
        try:
            query.send(answer)
        except Exception:
            self._fault()
        if self._idle is not None and not self._waiting and not self._idle.done():
            self._idle.set_result(None)

    def _fault(self) -> None:
        """A fault of ours costs this one answer, not the connection that waits for it. No name is logged."""
        self._count("faults")
        _log.exception("a query could not be answered")

    def _at_once(self, miss: Miss) -> bytes | None:
        answer = self._pipeline.give_up(miss, FailureKind.OVERLOAD, now=self._clock())
        return answer if isinstance(answer, bytes) else None

    async def drain(self, timeout: float) -> None:
        """Let the queries in hand finish, for at most ``timeout`` seconds; those that have not then get no answer."""
        if self._waiting:
            self._idle = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._idle], timeout=timeout)
            self._idle = None
        for query in list(self._waiting):
            self._forwarder.withdraw(query.waiter)
        self._waiting.clear()
