"""An upstream on loopback that does what the test tells it: answer, lie, cut, be slow or be dead."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from resolver.exchange.counters import COUNTERS
from resolver.exchange.model import Question
from resolver.outbound.forwarder import Forwarder
from resolver.tables.model import ResolverSettings

Behaviour = Callable[[bytes], list[bytes]]
"""The datagrams that answer a query."""


def answer(query: bytes, address: str = "192.0.2.1", *, ttl: int = 300, flags: int = 0x8180) -> bytes:
    """A reply with one A record."""
    asked = query[12 : query.index(b"\x00", 12) + 5]
    rdata = bytes(map(int, address.split(".")))
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, ttl, 4) + rdata
    return query[:2] + struct.pack("!5H", flags, 1, 1, 0, 0) + asked + record


class Upstream(asyncio.DatagramProtocol):
    """UDP and TCP on one port. ``queries`` and ``sources`` remember what came, ``on_*`` say what to answer."""

    def __init__(self) -> None:
        self.queries: list[bytes] = []
        self.sources: list[Any] = []
        self.streams: list[bytes] = []
        self.on_datagram: Behaviour = lambda query: [answer(query)]
        self.on_stream: Behaviour = lambda query: [answer(query)]
        self.came = asyncio.Event()
        self.stream_came = asyncio.Event()
        self.may_answer_streams = asyncio.Event()
        self.may_answer_streams.set()
        self.frame: Callable[[bytes], bytes] = lambda message: len(message).to_bytes(2, "big") + message
        self.transport: asyncio.DatagramTransport | None = None
        self.server: asyncio.Server | None = None
        self.stranger: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        assert self.transport is not None
        host, port = self.transport.get_extra_info("sockname")[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def open(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, (host, 0))
        port = self.transport.get_extra_info("sockname")[1]
        self.server = await asyncio.start_server(self._serve, host, port)
        self.stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, (host, 0))

    async def close(self) -> None:
        for transport in (self.transport, self.stranger):
            assert transport is not None
            transport.close()
        assert self.server is not None
        self.server.close()
        self.may_answer_streams.set()
        await asyncio.sleep(0)

    def datagram_received(self, data: bytes, source: Any) -> None:
        self.queries.append(data)
        self.sources.append(source)
        self.came.set()
        for reply in self.on_datagram(data):
            assert self.transport is not None
            self.transport.sendto(reply, source)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            self.streams.append(query)
            self.stream_came.set()
            await self.may_answer_streams.wait()
            for reply in self.on_stream(query):
                for octet in self.frame(reply):  # one by one: the reader must put them together
                    writer.write(bytes((octet,)))
                    await writer.drain()
        writer.close()


@pytest.fixture
async def make_upstream() -> AsyncIterator[Callable[..., Awaitable[Upstream]]]:
    opened: list[Upstream] = []

    async def make(host: str = "127.0.0.1") -> Upstream:
        for _ in range(20):
            upstream = Upstream()
            try:
                await upstream.open(host)
            except OSError:  # the TCP port of that number is taken
                assert upstream.transport is not None
                upstream.transport.close()
                continue
            opened.append(upstream)
            return upstream
        raise AssertionError("no port is free for both UDP and TCP")

    yield make
    for upstream in opened:
        await upstream.close()


@pytest.fixture
async def upstream(make_upstream: Callable[..., Awaitable[Upstream]]) -> Upstream:
    return await make_upstream()


class Clock:
    """The loop's clock, ahead by ``offset`` seconds."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.offset


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def make_forwarder(clock: Clock) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Started forwarders with a ``counts`` beside them; all are closed at the end."""
    started: list[Forwarder] = []

    async def make(
        *upstreams: str, max_sockets: int | None = None, dice: Any = None, cache: Any = None, **settings: Any
    ) -> Any:
        counts: Counter[str] = Counter()

        def count(name: str) -> None:
            assert name in COUNTERS
            counts[name] += 1

        forwarder = Forwarder(
            replace(ResolverSettings(), upstreams=upstreams, **settings),
            counters=count,
            clock=clock,
            max_sockets=max_sockets,
            dice=dice,
            cache=cache,
        )
        await forwarder.start()
        started.append(forwarder)
        return forwarder, counts

    yield make
    for forwarder in started:
        await forwarder.close()


@pytest.fixture
def question() -> Question:
    return Question(b"\x0csome-letters\x07example\x00", 1)


@pytest.fixture(name="answer")
def answer_fixture() -> Callable[..., bytes]:
    return answer
