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


_log = structlog.get_logger("weir.listeners")


class Resolves(Protocol):
    """What is needed of a forwarder."""

    async def resolve(self, question: Question) -> Resolution:
        """The answer or the failure, in bounded time."""
        ...


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
        self._waiting: set[asyncio.Task[None]] = set()
        self.max_waiting = max_waiting

    def handle(self, packet: bytes, client: str, *, over_tcp: bool) -> Result:
        """The answer at once, silence, or a miss to be given to ``finish_later``."""
        return self._pipeline.handle(packet, client, over_tcp=over_tcp, now=self._clock())

    def finish_later(self, miss: Miss, send: Callable[[bytes | None], None]) -> None:
        """Resolve the miss in the background and call ``send`` once with the answer, or None for silence."""
        if len(self._waiting) >= self.max_waiting:
            self._count("shed")
            send(self._at_once(miss))
            return
        task = asyncio.get_running_loop().create_task(self._finish(miss, send), name="query")
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def _at_once(self, miss: Miss) -> bytes | None:
        answer = self._pipeline.give_up(miss, FailureKind.OVERLOAD, now=self._clock())
        return answer if isinstance(answer, bytes) else None

    async def _finish(self, miss: Miss, send: Callable[[bytes | None], None]) -> None:
        answer: bytes | None = None
        try:
            answer = await self._resolve(miss)
        except Exception:
            # A fault of ours costs this one answer, not the connection that waits for it. No name is logged.
            self._count("faults")
            _log.exception("a query could not be answered")
        send(answer)

    async def _resolve(self, miss: Miss) -> bytes | None:
        result: Result = miss
        for _ in range(MAX_STEPS):
            if not isinstance(result, Miss):
                return result
            resolution = await self._forwarder.resolve(result.question)
            result = self._pipeline.resume(result, resolution, now=self._clock())
        return self._at_once(result) if isinstance(result, Miss) else result

    async def drain(self, timeout: float) -> None:
        """Let the queries in hand finish, for at most ``timeout`` seconds."""
        if self._waiting:
            _, late = await asyncio.wait(self._waiting, timeout=timeout)
            for task in late:
                task.cancel()
