"""The life of the process: readiness, generations, signals."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.counting import FILE_NAME
from gateway.process import Gateway, Options
from resolver.runtime.counters import read_counters
from resolver.runtime.sockets import SocketError

REQUEST = b"GET / HTTP/1.1\r\nHost: bets.example\r\n\r\n"


class Manager:
    """What a service manager does: hands over a socket, hears notifications."""

    def __init__(self, folder: Path) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self._heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._heard.bind(str(folder / "notify"))
        self._heard.setblocking(False)
        self.environ = {
            "WEIR_SOCKETS": f"http:{os.dup(self.listening.fileno())}",
            "NOTIFY_SOCKET": str(folder / "notify"),
        }

    async def hear(self) -> str:
        return (await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self._heard, 100), 30)).decode()

    async def ask(self) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(REQUEST)
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        return answer

    def close(self) -> None:
        self.listening.close()
        self._heard.close()


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    """The manager; afterwards the signal handlers that the gateway installed are taken back."""
    manager = Manager(tmp_path)
    yield manager
    manager.close()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[Any]:
    """Stands for published generations: what is put here is seen as new; an exception ends the watch."""
    queue: asyncio.Queue[Any] = asyncio.Queue()

    async def watch(_: Path, on_new: Callable[[Any], None], _reader: object) -> None:
        while True:
            view = await queue.get()
            if isinstance(view, Exception):
                raise view
            on_new(view)

    monkeypatch.setattr("gateway.process.watch", watch)
    return queue


def start(tmp_path: Path, environ: dict[str, str], *listen: str) -> asyncio.Task[bool]:
    gateway = Gateway(Options(tmp_path, tmp_path, listen, environ), lambda: 1_000_000.0)
    return asyncio.get_running_loop().create_task(gateway.serve())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_from_readiness_to_a_clean_end(
    tmp_path: Path,
    manager: Manager,
    views: asyncio.Queue[Any],
    make_view: Callable[..., Any],
    number: signal.Signals,
) -> None:
    serving = start(tmp_path, manager.environ)
    views.put_nowait(make_view())
    assert await manager.hear() == "READY=1"
    assert (await manager.ask()).startswith(b"HTTP/1.1 403 ")
    counted = read_counters(tmp_path / FILE_NAME)
    assert (counted["generation"], counted["started"], counted["pages_category"]) == (7, 1_000_000, 1)
    os.kill(os.getpid(), number)
    assert await manager.hear() == "STOPPING=1"
    assert await asyncio.wait_for(serving, 30) is True


async def test_a_new_generation_is_served(
    tmp_path: Path, manager: Manager, views: asyncio.Queue[Any], make_view: Callable[..., Any]
) -> None:
    serving = start(tmp_path, manager.environ)
    views.put_nowait(make_view("strict"))
    await manager.hear()
    assert (await manager.ask()).startswith(b"HTTP/1.1 403 ")
    views.put_nowait(make_view("open"))
    assert (await manager.ask()).startswith(b"HTTP/1.1 421 ")
    os.kill(os.getpid(), signal.SIGTERM)
    assert await serving


async def test_it_waits_for_a_first_generation_and_can_be_stopped_meanwhile(
    tmp_path: Path, manager: Manager, views: asyncio.Queue[Any]
) -> None:
    serving = start(tmp_path, {**manager.environ, "WATCHDOG_USEC": "1000"})
    assert await manager.hear() == "WATCHDOG=1"
    assert not serving.done()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(serving, 30) is True


async def test_the_end_of_the_watch_ends_the_process(
    tmp_path: Path, manager: Manager, views: asyncio.Queue[Any], make_view: Callable[..., Any]
) -> None:
    serving = start(tmp_path, manager.environ)
    views.put_nowait(make_view())
    await manager.hear()
    views.put_nowait(RuntimeError("disk on fire"))
    assert await asyncio.wait_for(serving, 30) is False


async def test_an_idle_connection_does_not_delay_the_end(
    tmp_path: Path,
    manager: Manager,
    views: asyncio.Queue[Any],
    make_view: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.process.FINISH_TIMEOUT", 300.0)
    serving = start(tmp_path, manager.environ)
    views.put_nowait(make_view())
    await manager.hear()
    reader, writer = await asyncio.open_connection("127.0.0.1", manager.port)
    await manager.ask()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(serving, 30) is True
    assert await reader.read() == b""
    writer.close()


async def test_an_address_in_use_is_said(
    tmp_path: Path, manager: Manager, views: asyncio.Queue[Any], make_view: Callable[..., Any]
) -> None:
    os.close(int(manager.environ.pop("WEIR_SOCKETS").removeprefix("http:")))
    serving = start(tmp_path, manager.environ, f"127.0.0.1:{manager.port}")
    views.put_nowait(make_view())
    with pytest.raises(SocketError, match="is in use by another program"):
        await asyncio.wait_for(serving, 30)
