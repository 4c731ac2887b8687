"""The gateway's life: wait for state, listen, serve every new generation, finish what is in hand, end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gateway.connection import report_fault
from gateway.counting import GENERATION, GENERATIONS_REFUSED, LOGGED_STATE, STARTED, Counters
from gateway.server import StopPageServer
from gateway.stop_page.render import Pages
from resolver.runtime.logs import get_logger
from resolver.runtime.notify import notify, watchdog_interval
from resolver.runtime.sockets import Address, Use, inherited, listen_all
from resolver.runtime.tasks import spawn
from resolver.tables.index_key import read_index_key
from resolver.tables.proving import Prover, mark_of
from resolver.tables.view import View
from resolver.tables.watch import Reader, watch

FINISH_TIMEOUT = 5.0
"""Seconds that answers in progress get at the end; a page takes milliseconds unless its reader has stopped."""

_log = get_logger("weir.gateway")


@dataclass(frozen=True, slots=True)
class Options:
    """How the process was started. ``listen`` overrides the published addresses; ``environ`` is the environment."""

    state: Path
    run: Path
    listen: tuple[str, ...]
    environ: Mapping[str, str]
    log_keys: Path | None = None
    """The file of the log's keys, if only logged states are to be taken."""


class Gateway:
    """One running gateway. Everything here belongs to the event loop's thread."""

    def __init__(self, options: Options, clock: Callable[[], float]) -> None:
        """``clock`` gives Unix seconds. OSError if the run folder cannot be written."""
        self._options = options
        self._clock = clock
        self._pages = Pages()
        self._prover = Prover(options.state, options.log_keys)
        self._counters = Counters(options.run)
        self._stop = asyncio.Event()
        self._ready = asyncio.Event()
        self._server: StopPageServer | None = None

    async def serve(self) -> bool:
        """Run until told to stop (True) or until new generations can no longer be seen (False).

        SocketError if an address cannot be had.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_on_loop_fault)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)  # generations are noticed by themselves
        if self._counters.error is not None:
            reason = str(self._counters.error)
            _log.error("counters cannot be kept where others read them; serving all the same", reason=reason)
        self._counters.set(STARTED, int(self._clock()))
        index_key = partial(read_index_key, self._options.run)
        reader = Reader(index_key, prover=self._prover, told=self._tell_proofs)
        watcher = spawn(watch(self._options.state, self._on_view, reader), name="watch generations")
        watchdog = spawn(self._keep_alive(), name="watchdog")
        try:
            await self._until(self._ready, watcher)
            if self._server is not None and not self._stop.is_set():
                await self._listen(self._server, watcher)
            return self._stop.is_set()
        finally:
            for task in (watcher, watchdog):
                task.cancel()
            await asyncio.gather(watcher, watchdog, return_exceptions=True)

    async def _listen(self, server: StopPageServer, watcher: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        listeners = [
            await loop.create_server(server, sock=sock)
            for sock in self._sockets(server.view.tables.gateway.listen)
        ]
        notify("READY=1", environ=self._options.environ)
        _log.info("serving stop pages", generation=server.view.tables.generation)
        await self._until(self._stop, watcher)
        notify("STOPPING=1", environ=self._options.environ)
        for listener in listeners:
            listener.close()
        await server.close(FINISH_TIMEOUT)

    def _sockets(self, published: tuple[str, ...]) -> list[socket.socket]:
        passed = inherited(self._options.environ, Use.HTTP)[Use.HTTP]
        texts = self._options.listen or published
        return passed or listen_all(Address(Use.HTTP, text, "gateway.listen") for text in texts)

    def _on_view(self, view: View) -> None:
        """Take a new generation; requests in progress keep the one that they began with."""
        if self._server is None:
            self._server = StopPageServer(view, self._pages, self._counters, self._clock)
        self._server.view = view
        self._counters.set(GENERATION, view.tables.generation)
        self._ready.set()

    def _tell_proofs(self) -> None:
        """What is proven of the generation that serves, where control reads it."""
        self._counters.set(LOGGED_STATE, mark_of(self._prover.logged))
        self._counters.set(GENERATIONS_REFUSED, self._prover.refused)

    async def _until(self, event: asyncio.Event, watcher: asyncio.Task[None]) -> None:
        """Until the event, the signal to stop, or the end of the watcher (its death is logged where it was started)."""
        waits = {asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._stop.wait())}
        try:
            await asyncio.wait({*waits, watcher}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await wait

    async def _keep_alive(self) -> None:
        interval = watchdog_interval(self._options.environ)
        while interval is not None:
            notify("WATCHDOG=1", environ=self._options.environ)
            await asyncio.sleep(interval)


def _on_loop_fault(_loop: asyncio.AbstractEventLoop, context: Mapping[str, object]) -> None:
    """asyncio's own report would name the peer."""
    fault = context.get("exception")
    report_fault(fault if isinstance(fault, BaseException) else None)
