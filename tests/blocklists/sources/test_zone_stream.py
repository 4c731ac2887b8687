"""Connections to primaries that dawdle, flood or hang up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from blocklists.sources import zone_stream
from blocklists.sources.zone_faults import TooLargeError, TooSlowError
from blocklists.sources.zone_stream import Stream, connected

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def stream_from(peer: Peer, limit: int = 1_000) -> AsyncIterator[Stream]:
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await peer(reader, writer)
        finally:
            writer.transport.abort()
            done.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        async with connected("127.0.0.1", server.sockets[0].getsockname()[1], limit) as stream:
            yield stream
        await done.wait()


async def send(writer: asyncio.StreamWriter, *messages: bytes) -> None:
    for message in messages:
        writer.write(len(message).to_bytes(2, "big") + message)
    await writer.drain()


async def test_messages_come_as_they_were_sent() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(7) == b"\0\5hello"
        await send(writer, b"", b"abc")
        await reader.read()

    async with stream_from(peer) as stream:
        await stream.send(b"hello")
        assert [await stream.receive(), await stream.receive()] == [b"", b"abc"]


@pytest.mark.parametrize("sent", [b"", b"\0", b"\0\5abcd"])
async def test_the_other_side_hangs_up(sent: bytes) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        writer.write_eof()
        await reader.read()

    async with stream_from(peer) as stream:
        with pytest.raises(EOFError):
            await stream.receive()


async def test_a_flood_ends_at_the_ceiling() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await send(writer, *[b"x" * 100] * 20)
        await reader.read()

    async with stream_from(peer) as stream:
        received = [await stream.receive() for _ in range(9)]
        assert sum(map(len, received)) == 900
        with pytest.raises(TooLargeError):
            await stream.receive()


async def test_silence_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zone_stream, "MESSAGE_SECONDS", 0.01)

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\0\5ab")
        await reader.read()

    async with stream_from(peer) as stream:
        with pytest.raises(TimeoutError):
            await stream.receive()


async def test_dripping_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zone_stream, "GRACE_SECONDS", -1.0)

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await send(writer, b"x" * 10)
        await reader.read()

    async with stream_from(peer) as stream:
        with pytest.raises(TooSlowError):
            await stream.receive()
