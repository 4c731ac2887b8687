"""The control process from its arguments to its exit status: ``python -m admin.control -c FILE``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import secrets
import signal
import socket
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from admin.config import Config, ConfigError, load
from admin.config.endpoints import HostPort
from admin.control.clocks import Clocks
from admin.control.controller import Controller
from admin.control.listening import ListenError, listen
from admin.control.lists import ListKeeper
from admin.control.log_page import LogPage
from admin.control.progress import ProgressBoard
from admin.control.public_log import PublicLog
from admin.control.schedule import Schedule
from admin.control.storage import Storage
from admin.control.token import LOCAL_BYTES, TokenError, write_local_token
from admin.control.vault import open_vault, protect_memory, tell_of_strays
from admin.control.watching import FileWatcher
from admin.services.build import sources
from admin.services.locking import Lock, LockedError
from admin.services.place import Place
from admin.store.address import address_of
from blocklists.credentials import CredentialError
from blocklists.digesting import Digester
from blocklists.sealed_texts import SealedTexts
from blocklists.snapshot.compiler import compile_prepared
from blocklists.snapshot.native import keep_little_memory
from blocklists.snapshot.readings import Readings
from blocklists.sources import fetch
from blocklists.suffixes import public_suffixes
from blocklists.sync import ListStore
from blocklists.vault import BLOBS, COMMITMENTS, VaultKey, VaultKeyError
from resolver.runtime.dumps import forbid_core_dumps
from resolver.runtime.logs import configure_logs
from resolver.runtime.notify import notify, watchdog_interval
from resolver.runtime.priority import BEHIND_QUERIES, give_way
from resolver.runtime.tasks import spawn
from resolver.tables.names import current_generation

if TYPE_CHECKING:
    from admin.control.web import AdminServer

FAILED = 1
USAGE = 2
THREADS = 32
"""As many as may work at once beside the event loop. Python would give a box of two CPUs six: eight lists that are counted
together would take them all, and a decision waits for none of them.
"""
API_WAITS = 5.0
"""Seconds that the API waits for the first generation: loading its modules would hold up what that is made of."""


def main(arguments: Sequence[str]) -> int:
    """0 after a clean stop, 1 when it cannot run here, 2 for a configuration that cannot be used."""
    parser = argparse.ArgumentParser(prog="weir-control", description="Weir's control process.")
    parser.add_argument("-c", "--config", type=Path, required=True, help="the configuration file")
    path = parser.parse_args(arguments).config
    configure_logs("control")
    forbid_core_dumps()
    keep_little_memory()
    try:
        config = load(path)
    except ConfigError as error:
        _complain(*(str(problem) for problem in error.problems))
        return USAGE
    try:
        return _run(config)
    except (TokenError, VaultKeyError, CredentialError, LockedError, ListenError) as error:
        _complain(str(error))
    except OSError as error:  # a full disk is noticed by the write, which knows no file
        _complain(
            f"{error.filename or config.data_dir}: {error.strerror or error}; make room or mend the disk, then start again"
        )
    return FAILED


def _run(config: Config) -> int:
    place = Place(config.data_dir)
    place.create()
    if current_generation(place.state) is not None:  # without one nobody answers queries yet
        give_way(BEHIND_QUERIES)
    lock = Lock(place.run / "control.lock", what="control")
    # The run folder may be a tmpfs of each container; the log lies where its data lies.
    writing = Lock(place.log_staging / "lock", what="the writer of the public log")
    try:
        now = time.time()  # noqa: TID251 - a process entry point
        asyncio.run(_serve(config, open_vault(config, os.environ, now)))
    finally:
        writing.release()
        lock.release()
    return 0


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one process is made of."""

    controller: Controller
    keeper: ListKeeper
    storage: Storage
    log: PublicLog


def _parts(config: Config, vault: VaultKey) -> _Parts:
    clocks = Clocks(unix=time.time, monotonic=time.monotonic)  # noqa: TID251 - a process entry point
    readings = Readings(public_suffixes(), vault.index_key)
    progress = ProgressBoard()
    lists = Place(config.data_dir).lists
    store = ListStore(lists, SealedTexts(lists, vault.derive(BLOBS)), digest_key=vault.derive(COMMITMENTS))
    keeper = ListKeeper(
        store,
        Schedule(random.SystemRandom()),
        clocks,
        count=readings.count,
        recount=readings.recount,
        fetch=partial(fetch, report=progress.note),
        progress=progress,
        digester=Digester(store, public_suffixes(), lambda: readings.guard, readings.text, readings.moved),
    )
    storage = Storage(lambda: address_of(config), Place(config.data_dir).owed_events)
    controller = Controller(
        config, keeper, clocks, compiler=compile_prepared, readings=readings, storage=storage
    )
    log = PublicLog(lambda: controller.config, controller.connect, clocks)
    controller.keep_log(log)
    return _Parts(controller, keeper, storage, log)


def give_threads(loop: asyncio.AbstractEventLoop) -> None:
    """Let there be a thread for whoever asks for one (``THREADS``)."""
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="control"))


async def _serve(config: Config, vault: VaultKey) -> None:
    give_threads(asyncio.get_running_loop())
    protect_memory(config)
    parts = _parts(config, vault)
    controller = parts.controller
    sock = listen(config.admin.listen)
    local_token = secrets.token_hex(LOCAL_BYTES)
    write_local_token(Place(config.data_dir).run, local_token)
    controller.admit(local_token)
    stopping = asyncio.Event()
    _handle_signals(controller, stopping)
    alive = spawn(_keep_alive(), name="watchdog")
    published = asyncio.Event()
    opening = asyncio.ensure_future(_open_api(parts, config.admin.listen, sock, published))

    files = FileWatcher(controller.called, parts.keeper.tag)

    def follow(adopted: Config) -> None:
        give_way(BEHIND_QUERIES)
        protect_memory(adopted)
        tell_of_strays(adopted)
        published.set()
        _follow(controller, opening, adopted)
        _ = spawn(files.follow(sources(adopted)), name="file watcher follows")

    controller.on_published = follow
    work = asyncio.ensure_future(_work(controller, parts.log))
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
    files.close()
    await server.close()
    await parts.log.close()
    await parts.storage.close()
    if not work.cancelled():
        work.result()  # it never ends by itself: a fault, to be seen by whoever started us


async def _work(controller: Controller, log: PublicLog) -> None:
    await controller.start()
    page = LogPage(lambda: controller.config, lambda: log.condition)
    beside = {spawn(log.run(), name="public log"), spawn(page.run(), name="page of the public log")}
    try:
        await controller.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.wait(beside)


async def _open_api(
    parts: _Parts, address: HostPort, sock: socket.socket, published: asyncio.Event
) -> AdminServer:
    """The API, as soon as a generation is published, or is too long in the making."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(API_WAITS):
            await published.wait()
    server = (await asyncio.to_thread(_server_class))(parts.controller, parts.log)
    await server.start(address, sock)
    return server


def _server_class() -> type[AdminServer]:
    # 250 ms of CPU time, aiohttp most of it: no query waits for the API.
    from admin.control.web import AdminServer

    return AdminServer


def _follow(controller: Controller, opening: asyncio.Future[AdminServer], config: Config) -> None:
    """A generation was published: say so, that control is ready once the API serves, and let what listens follow."""
    status = f"STATUS=published generation {controller.condition().generation}"
    notify(status)  # the supervisor has waited for it

    async def follow() -> None:
        server = await opening
        notify("READY=1", status)
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
