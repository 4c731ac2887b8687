"""The control process from its arguments to its exit status: ``python -m admin.control -c FILE``."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from admin.config import Config, ConfigError, load
from admin.config.endpoints import HostPort
from admin.control.clocks import Clocks
from admin.control.controller import Controller
from admin.control.listening import ListenError, listen
from admin.control.lists import ListKeeper
from admin.control.schedule import Schedule
from admin.control.storage import Storage
from admin.control.token import LOCAL_BYTES, TokenError, write_local_token
from admin.services.locking import Lock, LockedError
from admin.services.place import Place
from admin.store.address import address_of
from blocklists.snapshot.compiler import compile_prepared
from blocklists.snapshot.native import keep_little_memory
from blocklists.snapshot.readings import Readings
from blocklists.sources import fetch
from blocklists.suffixes import public_suffixes
from blocklists.sync import ListStore
from resolver.runtime.logs import configure_logs
from resolver.runtime.notify import notify, watchdog_interval
from resolver.runtime.tasks import spawn

if TYPE_CHECKING:
    from admin.control.web import AdminServer

FAILED = 1
USAGE = 2
NICE = 10
"""Control's niceness: where a compilation and a worker want the same CPU, whoever answers queries goes first."""


def main(arguments: Sequence[str]) -> int:
    """0 after a clean stop, 1 when it cannot run here, 2 for a configuration that cannot be used."""
    parser = argparse.ArgumentParser(prog="weir-control", description="Weir's control process.")
    parser.add_argument("-c", "--config", type=Path, required=True, help="the configuration file")
    path = parser.parse_args(arguments).config
    configure_logs("control")
    give_way()
    keep_little_memory()
    try:
        return _run(load(path))
    except ConfigError as error:
        _complain(*(str(problem) for problem in error.problems))
        return USAGE
    except (TokenError, OSError, LockedError, ListenError) as error:
        _complain(str(error))
        return FAILED


def give_way() -> None:
    """Let processes of ordinary niceness go first; one that is nicer already stays so."""
    os.nice(max(0, NICE - os.nice(0)))


def _run(config: Config) -> int:
    place = Place(config.data_dir)
    place.create()
    lock = Lock(place.run / "control.lock", what="control")
    try:
        asyncio.run(_serve(config))
    finally:
        lock.release()
    return 0


async def _serve(config: Config) -> None:
    clocks = Clocks(unix=time.time, monotonic=time.monotonic)  # noqa: TID251 - a process entry point
    readings = Readings(public_suffixes())
    keeper = ListKeeper(
        ListStore(Place(config.data_dir).lists),
        Schedule(random.SystemRandom()),
        clocks,
        count=readings.count,
        fetch=fetch,
    )
    storage = Storage(lambda: address_of(config))
    controller = Controller(
        config, keeper, clocks, compiler=compile_prepared, readings=readings, storage=storage
    )
    sock = listen(config.admin.listen)
    local_token = secrets.token_hex(LOCAL_BYTES)
    write_local_token(Place(config.data_dir).run, local_token)
    controller.admit(local_token)
    stopping = asyncio.Event()
    _handle_signals(controller, stopping)
    alive = spawn(_keep_alive(), name="watchdog")
    opening = asyncio.ensure_future(_open_api(controller, config.admin.listen, sock))
    controller.on_published = lambda adopted: _follow(controller, opening, adopted)
    work = asyncio.ensure_future(_work(controller))
    stopped = asyncio.ensure_future(stopping.wait())
    server = await opening
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    notify("STOPPING=1")
    for task in (alive, stopped):
        task.cancel()
    if not work.done():
        work.cancel()
        await asyncio.wait({work})
    await controller.notices.close()
    await server.close()
    await storage.close()
    if not work.cancelled():
        work.result()  # it never ends by itself: a fault, to be seen by whoever started us


async def _work(controller: Controller) -> None:
    await controller.start()
    await controller.run()


async def _open_api(controller: Controller, address: HostPort, sock: socket.socket) -> AdminServer:
    """The API, whose modules are loaded while the first lists are compiled, which needs no interpreter."""
    server = (await asyncio.to_thread(_server_class))(controller)
    await server.start(address, sock)
    return server


def _server_class() -> type[AdminServer]:
    # 250 ms of CPU time, aiohttp most of it: no query waits for the API.
    from admin.control.web import AdminServer

    return AdminServer


def _follow(controller: Controller, opening: asyncio.Future[AdminServer], config: Config) -> None:
    """A generation was published: say so as soon as the API serves, and let what listens follow its address."""

    async def follow() -> None:
        server = await opening
        notify("READY=1", f"STATUS=published generation {controller.condition().generation}")
        await server.follow(config.admin.listen)
        await controller.notices.follow(config)

    _ = spawn(follow(), name="admin address")


def _handle_signals(controller: Controller, stopping: asyncio.Event) -> None:
    async def reload() -> None:
        await controller.reload()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: spawn(reload(), name="reload"))


async def _keep_alive() -> None:
    """The sign of life that the service manager asked for; it stops when the loop hangs."""
    interval = watchdog_interval()
    while interval is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)


def _complain(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"weir: {line}\n")
