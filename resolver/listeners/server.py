"""From a packet to its answer, whatever it takes: the pipeline, and the forwarder for what the pipeline lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from typing import Protocol

from resolver.answer.decision import Asked, Miss, Result
from resolver.answer.message import parse_query
from resolver.answer.pipeline import Pipeline
from resolver.exchange.model import FailureKind, Question, Resolution
from resolver.runtime.logs import get_logger

MAX_STEPS = 10
"""Questions that one query may need one after another; aliases do not go on for ever."""

Send = Callable[[bytes | None], None]
"""Takes the answer, or None for silence."""

_log = get_logger("weir.listeners")


class Resolves(Protocol):
    """What is needed of a forwarder."""

    def ask(self, question: Question, done: Callable[[Resolution], None]) -> int:
        """Call ``done`` once with the answer or the failure, in bounded time; returns a number for ``withdraw``."""
        ...

    def withdraw(self, waiter: int) -> None:
        """Let ``done`` never be called."""
        ...


class _Waiting:
    """A query that waits for the answer to a question. ``waiter`` is the forwarder's number for it."""

    __slots__ = ("send", "server", "waiter")

    def __init__(self, server: Server, send: Send) -> None:
        self.server = server
        self.send = send
        self.waiter = 0

    def resolved(self, resolution: Resolution) -> None:
        """The question has ended."""
        raise NotImplementedError


class _Query(_Waiting):
    """A query that waits for its questions, one after another."""

    __slots__ = ("_steps", "miss")

    def __init__(self, server: Server, miss: Miss, send: Send) -> None:
        super().__init__(server, send)
        self._steps = 0
        self.miss = miss

    def resolved(self, resolution: Resolution) -> None:
        """One more answer is known, or cannot be had."""
        self._steps += 1
        self.server.go_on(self, resolution, is_last=self._steps >= MAX_STEPS)


class Steps(Protocol):
    """The core's word on a packet that it handed over."""

    def step(self, packet: bytes, client: bytes) -> bytes | Question | None:
        """The answer, the question that the cache lacks an answer to, or None: it is for the pipeline to decide."""
        ...


class _HandedOver(_Waiting):
    """A query that the core will answer as soon as its cache has the answer to one question."""

    __slots__ = ("client", "packet", "question", "steps")

    def __init__(
        self, server: Server, send: Send, steps: Steps, packet: bytes, client: bytes, question: Question
    ) -> None:
        super().__init__(server, send)
        self.steps = steps
        self.packet = packet
        self.client = client
        self.question = question

    def resolved(self, resolution: Resolution) -> None:
        """The answer is in the cache, or cannot be had."""
        self.server.step_on(self, resolution)


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
        self.clock = clock
        """Unix seconds."""
        self._count = count
        self._waiting: set[_Waiting] = set()
        self._idle: asyncio.Future[None] | None = None
        self.max_waiting = max_waiting

    def handle(self, packet: bytes, client: str, *, over_tcp: bool) -> Result:
        """The answer at once, silence, or a miss to be given to ``finish_later``."""
        return self._pipeline.handle(packet, client, over_tcp=over_tcp, now=self.clock())

    def serve(self, packet: bytes, client: str, send: Send, *, over_tcp: bool) -> None:
        """Answer one packet: ``send`` is called once with the answer, or None for silence, now or later."""
        result = self._pipeline.handle(packet, client, over_tcp=over_tcp, now=self.clock())
        if isinstance(result, Miss):
            self.finish_later(result, send)
        else:
            send(result)

    def serve_handed_over(self, steps: Steps, packet: bytes, client: bytes, send: Send) -> None:
        """Answer one packet that the core handed over; ``client`` is packed. ``send`` is called as by ``serve``.

        As long as the core knows how to answer, Python only brings the missing answer into the cache: the decision is
        the core's, made anew when the answer is there.
        """
        try:
            found = steps.step(packet, client)
            if isinstance(found, Question) and self._pipeline.decides(found.name):
                found = None
            if not isinstance(found, Question):
                self._serve_found(found, packet, client, send)
                return
            self._count("queries_udp")
            if len(self._waiting) >= self.max_waiting:
                self._count("shed")
                send(self._at_once(_miss_of(packet, client, found)))
                return
        except Exception:
            self._fault()
            send(None)
            return
        self._begin(_HandedOver(self, send, steps, packet, client, found), found)

    def _serve_found(self, found: bytes | None, packet: bytes, client: bytes, send: Send) -> None:
        if found is None:
            self.serve(packet, _text(client), send, over_tcp=False)
            return
        self._count("queries_udp")
        self._count("cache_hits")
        send(found)

    def step_on(self, query: _HandedOver, resolution: Resolution) -> None:
        """Have the core answer from its cache; what it will not, the pipeline decides with the answer given."""
        answer: bytes | Question | None = None
        try:
            if resolution.answer is not None and not resolution.stale:
                answer = query.steps.step(query.packet, query.client)
            if not isinstance(answer, bytes):
                self._waiting.discard(query)
                slow = _Query(self, _miss_of(query.packet, query.client, query.question), query.send)
                self._waiting.add(slow)
                slow.resolved(resolution)
                return
        except Exception:
            self._fault()
            answer = None
        self._end(query, answer if isinstance(answer, bytes) else None)

    def finish_later(self, miss: Miss, send: Send) -> None:
        """Resolve the miss in the background and call ``send`` once with the answer, or None for silence."""
        if len(self._waiting) >= self.max_waiting:
            self._count("shed")
            send(self._at_once(miss))
            return
        self._begin(_Query(self, miss, send), miss.question)

    def _begin(self, query: _Waiting, question: Question) -> None:
        self._waiting.add(query)
        try:
            self._ask(query, question)
        except Exception:
            self._fault()
            self._end(query, None)

    def go_on(self, query: _Query, resolution: Resolution, *, is_last: bool) -> None:
        """Decide again with one more known answer: send, or ask the next question."""
        answer: bytes | None = None
        try:
            result = self._pipeline.resume(query.miss, resolution, now=self.clock())
            if isinstance(result, Miss) and not is_last:
                query.miss = result
                self._ask(query, result.question)
                return
            answer = self._at_once(result) if isinstance(result, Miss) else result
        except Exception:
            self._fault()
        self._end(query, answer)

    def _ask(self, query: _Waiting, question: Question) -> None:
        # An answer that is there at once has asked the next question, with a higher number, when this returns.
        query.waiter = max(self._forwarder.ask(question, query.resolved), query.waiter)

    def _end(self, query: _Waiting, answer: bytes | None) -> None:
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
        answer = self._pipeline.give_up(miss, FailureKind.OVERLOAD, now=self.clock())
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


def _text(client: bytes) -> str:
    return str(ip_address(client))


def _miss_of(packet: bytes, client: bytes, question: Question) -> Miss:
    """What the pipeline would have said of a packet that the core has read."""
    return Miss(Asked(parse_query(packet), _text(client), over_tcp=False), question)
