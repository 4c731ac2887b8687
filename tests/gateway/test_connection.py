"""Limits on time, size and number of connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.limits import Limits

Serve = Callable[..., Awaitable[Any]]

REQUEST = b"GET / HTTP/1.1\r\nHost: bets.example\r\n\r\n"


@pytest.mark.parametrize("start", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: bets.example\r\nX"])
async def test_a_connection_without_a_whole_request_is_closed(serve: Serve, start: bytes) -> None:
    running = await serve(limits=Limits(request_timeout=0.1))
    assert await running.send(start) == b""
    assert running.counters()["timeouts"] == 1
    assert running.counters()["connections"] == 0


async def test_dripping_bytes_win_no_time(serve: Serve) -> None:
    running = await serve(limits=Limits(request_timeout=0.3))
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    closed = asyncio.get_running_loop().create_task(running.rest(reader))
    writer.write(b"GET / HTTP/1.1\r\n")
    async with asyncio.timeout(30):
        while not closed.done():
            writer.write(b"X: y\r\n")
            await asyncio.wait({closed}, timeout=0.02)
    assert closed.result() == b""
    writer.close()


async def test_a_large_head_in_small_pieces_is_refused(serve: Serve) -> None:
    running = await serve(limits=Limits(head=2_000))
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    closed = asyncio.get_running_loop().create_task(running.rest(reader))
    writer.write(b"GET / HTTP/1.1\r\n")
    number = 0
    while not closed.done():
        writer.write(f"X-{number}: {'y' * 500}\r\n".encode())
        number += 1
        await asyncio.wait({closed}, timeout=0.01)
    assert closed.result().startswith(b"HTTP/1.1 431 ") or closed.result() == b""
    assert running.counters()["malformed"] == 1
    writer.close()


async def test_an_unfinished_body_does_not_keep_the_connection(serve: Serve) -> None:
    running = await serve(limits=Limits(answer_timeout=0.2, linger=30.0))
    answer = await running.send(b"POST / HTTP/1.1\r\nHost: bets.example\r\nContent-Length: 10\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")


async def test_a_body_is_read_to_its_bound_only(serve: Serve) -> None:
    running = await serve(limits=Limits(discard=1_000, linger=0.2))
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: bets.example\r\nContent-Length: 100000000\r\n\r\n")
    closed = asyncio.get_running_loop().create_task(running.rest(reader))
    sent = 0
    while not closed.done() and sent < 100_000_000:
        writer.write(bytes(10_000))
        sent += 10_000
        await asyncio.wait({closed}, timeout=0.001)
    assert sent < 100_000_000
    assert closed.result().startswith(b"HTTP/1.1 403 ")
    writer.close()


@pytest.mark.parametrize(
    ("limits", "counter"),
    [(Limits(per_client=3), "refused_client"), (Limits(connections=3), "refused_total")],
)
async def test_connections_beyond_the_limit_are_refused(serve: Serve, limits: Limits, counter: str) -> None:
    running = await serve(limits=limits)
    idle = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(3)]
    assert await running.send(REQUEST) == b""
    counted = running.counters()
    assert (counted[counter], counted["connections"]) == (1, 3)
    reader, writer = idle.pop()
    writer.write(REQUEST)
    assert (await running.rest(reader)).startswith(b"HTTP/1.1 403 ")
    writer.close()
    assert (await running.send(REQUEST)).startswith(b"HTTP/1.1 403 ")
    for _, writer in idle:
        writer.close()


async def test_many_at_once(serve: Serve) -> None:
    running = await serve()
    answers = await asyncio.gather(*(running.send(REQUEST) for _ in range(60)))
    assert all(answer.startswith(b"HTTP/1.1 403 ") for answer in answers)
    assert running.counters()["pages_category"] == 60
