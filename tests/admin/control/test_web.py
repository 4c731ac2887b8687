"""Where the admin API listens: addresses that are taken, moves, and silence about requests."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from admin.config.endpoints import HostPort
from admin.control.listening import ListenError, listen
from admin.control.web import AdminServer


@pytest.fixture
async def server(world: Any, bets: str) -> AsyncIterator[AdminServer]:
    world.write(bets)
    running = AdminServer(world.controller())
    yield running
    await running.close()


def address_of(sock: socket.socket) -> HostPort:
    return HostPort(*sock.getsockname()[:2])


def free() -> HostPort:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return address_of(sock)


async def ask(address: HostPort, path: str = "/healthz") -> int:
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}{path}") as response:
        return response.status


async def test_it_listens(server: AdminServer) -> None:
    address = free()
    await server.start(address, listen(address))
    assert await ask(address) == 200


def test_an_address_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        message = r"cannot be served \(Address already in use\): stop the program that has it, or change admin.listen"
        with pytest.raises(ListenError, match=message):
            listen(address_of(other))


async def test_it_moves_and_gives_the_old_address_up(server: AdminServer) -> None:
    before, after = free(), free()
    await server.start(before, listen(before))
    await server.follow(before)
    await server.follow(after)
    assert await ask(after) == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(before)


async def test_two_calls_to_the_same_place_are_one_move(server: AdminServer) -> None:
    before, after = free(), free()
    await server.start(before, listen(before))
    with capture_logs() as logs:
        await asyncio.gather(server.follow(after), server.follow(after))
    assert logs == []
    assert await ask(after) == 200


async def test_it_stays_where_it_is_if_it_cannot_move(server: AdminServer) -> None:
    before = free()
    await server.start(before, listen(before))
    with socket.create_server(("127.0.0.1", 0)) as other:
        await server.follow(address_of(other))
    assert await ask(before) == 200


async def test_nothing_is_logged_about_requests(
    server: AdminServer, caplog: pytest.LogCaptureFixture
) -> None:
    address = free()
    await server.start(address, listen(address))
    with caplog.at_level(logging.DEBUG):
        await ask(address, "/api/v1/check?name=private.example")
        await ask(address, "/private.example")
    assert "private.example" not in caplog.text


async def test_a_request_that_is_none_is_not_logged_either(
    server: AdminServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    address = free()
    await server.start(address, listen(address))
    for request in (
        b"GET /private.example" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"private.example \0\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request)
        assert (await reader.readline()).startswith(b"HTTP/1.0 400")
        writer.close()
        await writer.wait_closed()
    captured = capfd.readouterr()
    assert "private.example" not in caplog.text + captured.out + captured.err
