"""One resolver worker: ``python -m resolver.worker --state DIR --run DIR --slot N``.

It waits for a published generation (never serving unfiltered), serves its sockets, takes over each new generation
between two packets, and goes on with the last good one whatever becomes of control. It holds no secret but the key of
secret lists' digests, by which names can be tested and none be read, and writes nothing but its counters.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import randbits

from blocklists.snapshot.reader import changes_of
from resolver.answer.decision import Services, Spoken
from resolver.answer.generation import Generation
from resolver.answer.native_state import HitWords, StateFiles, limits_of, open_state, settings_of
from resolver.answer.pipeline import Pipeline
from resolver.confinement import confine_worker
from resolver.cookies import DAY, Cookies
from resolver.core.native import CoreError, State
from resolver.counting import WORKER_COUNTERS, Counting, forget_core_pages
from resolver.day_keeping import DayKeeper
from resolver.exchange.model import Answer
from resolver.hit_keeping import HitKeeper
from resolver.listeners.front import CoreFront, Place
from resolver.listeners.server import Server
from resolver.listeners.tcp import TcpConnections
from resolver.listeners.udp import UdpListener
from resolver.outbound.forwarder import Forwarder
from resolver.outbound.presence import Presence
from resolver.outbound.reports import DISCARDS, UpstreamReports
from resolver.outbound.shared_cache import SharedCache, Withheld
from resolver.runtime.counters import CounterPage
from resolver.runtime.dumps import forbid_core_dumps
from resolver.runtime.logs import configure_logs, get_logger
from resolver.runtime.notify import keep_waiting, notify, watchdog_interval
from resolver.runtime.sockets import SocketError, Use
from resolver.runtime.tasks import spawn
from resolver.sampling import SampleFile, sample_path
from resolver.scanning import ScanWatch
from resolver.tables.index_key import read_index_key
from resolver.tables.model import ResolverSettings
from resolver.tables.proving import Prover, mark_of
from resolver.tables.view import View
from resolver.tables.watch import Reader, watch_prepared
from resolver.worker_setup import (
    WorkerPlace,
    ask_for_short_turns,
    cookie_master,
    keep_from_collector,
    max_waiting,
    raise_file_limit,
    share,
    tcp_limits,
    worker_sockets,
)

DRAIN_SECONDS = 2.0
"""How long queries in hand may still take after SIGTERM."""

GAUGE_SECONDS = 1.0

TRIES_OUT = 0
"""The worker that takes a staged generation before the others do."""

CORE_VARIABLE = "WEIR_CORE"
"""``off`` in the environment: everything is decided, answered and kept by Python, as the tests' oracle does. To find out
whether a fault is the core's; it is slow."""

_log = get_logger("weir.worker")


@dataclass(frozen=True, slots=True)
class Opened:
    """A generation as Python and as the core see it; ``native`` is None where the core is switched off. ``day`` is the
    one whose cookie secrets the core has, in days of Unix time.
    """

    generation: Generation
    native: State | None
    day: int


class Worker:
    """Ties listeners, pipeline and forwarder together for the life of the process."""

    def __init__(self, place: WorkerPlace, slot: int, counting: Counting, cookies: Cookies) -> None:
        state, run = place.state, place.run
        self._state, self._run, self._slot = state, run, slot
        self._prover = Prover(state, place.log_keys)
        self._counting = counting
        self._cookies = cookies
        self._hits = HitKeeper(run, slot, time.time)
        self._days = DayKeeper(run, slot)
        self._scans = ScanWatch()
        self._sample: SampleFile | None = None
        self._has_core = os.environ.get(CORE_VARIABLE) != "off"
        self._cache: SharedCache | None = None
        self._front: CoreFront | None = None
        self._first = asyncio.Event()
        self._latest: Opened | None = None
        self._pipeline: Pipeline | None = None
        self._stopping = asyncio.Event()
        self._told_day = -1
        """The day whose end was no occasion for new secrets, and of which that was said."""
        self.failed = False
        """Whether serving ended because new generations could no longer be taken."""

    def stop(self) -> None:
        """Begin a clean stop."""
        self._stopping.set()
        self._first.set()

    async def run(self) -> None:
        """Serve until ``stop``. SocketError if an address cannot be served."""
        index_key = partial(read_index_key, self._run)
        reader = Reader(index_key, self._slot == TRIES_OUT, self._prover, self._tell_proofs)
        watching = spawn(watch_prepared(self._state, self._open, self._use, reader), name="watch state")
        # A worker that no longer hears of policies must not go on: its successor starts with the present one.
        watching.add_done_callback(lambda _: self.stop())
        waiting = spawn(keep_waiting("the first generation"), name="waiting")
        await self._first.wait()
        waiting.cancel()
        if self._latest is not None:
            await self._serve(self._latest)
        self.failed = watching.done() and not watching.cancelled()
        watching.cancel()

    def _tell_proofs(self) -> None:
        """What is proven of the generation that serves, where control reads it."""
        self._counting.gauge("logged_state", mark_of(self._prover.logged))
        self._counting.gauge("generations_refused", self._prover.refused)

    def _open(self, view: View) -> Opened:
        """Map and check for the core what Python has opened; runs in a thread."""
        # Not verified: Python has checked every byte of these files a moment ago.
        return self._open_generation(Generation(view))

    def _open_generation(self, generation: Generation, *, verify: bool = False) -> Opened:
        now = time.time()
        day = int(now // DAY)
        if not self._has_core:
            return Opened(generation, None, day)
        tables = generation.view.tables
        lists = self._state / tables.snapshot
        changes = changes_of(lists)
        overlay = changes if changes.exists() else None
        files = StateFiles(lists, self._state / tables.tables, overlay, generation.view.index_key)
        limits = limits_of(tables.resolver.rate_limit)
        settings = settings_of(generation, limits, self._cookies.secrets(now))
        today = self._days.page(generation, day)
        words = HitWords(
            self._hits.pages(generation).core, today.words.core, today.clamp, today.groups.of_bit
        )
        return Opened(generation, open_state(files, settings, words=words, verify=verify), day)

    def _use(self, opened: Opened) -> None:
        self._latest = opened
        self._first.set()
        if self._pipeline is not None:
            self._take_over(self._pipeline, opened)

    def _take_over(self, pipeline: Pipeline, opened: Opened) -> None:
        tables = opened.generation.view.tables
        pipeline.use(opened.generation)
        self._hits.use(opened.generation)
        self._days.use(opened.generation, opened.day)
        self._scans.use(opened.generation)
        self._reconfigure(opened.generation.view)
        if self._front is not None and opened.native is not None:
            self._front.use(opened.native, self._cache.native if self._cache is not None else None)
        if self._sample is not None:
            self._sample.use(tables.resolver.query_sample)
        keep_from_collector()
        self._server.max_waiting = max_waiting(tables.resolver)
        self._connections.limits = tcp_limits(tables.resolver)
        self._counting.gauge("generation", tables.generation)

    def _reconfigure(self, view: View) -> None:
        settings = view.tables.resolver
        if self._cache is None:
            self._forwarder.reconfigure(share(settings))
            return
        self._cache.workers, before = settings.workers, self._cache.problem
        self._cache.withhold(_withheld(view))
        self._forwarder.reconfigure(settings)
        if self._cache.problem not in ("", before):
            _log.error("the answer cache is not as configured", reason=self._cache.problem)

    def _new_forwarder(self, view: View) -> Forwarder:
        """With the cache that all workers share, unless the core is switched off."""
        settings, count = view.tables.resolver, self._count_outbound
        if not self._has_core:
            return Forwarder(share(settings), counters=count)
        self._cache = SharedCache(
            self._run,
            settings.cache_size,
            settings.serve_stale,
            workers=settings.workers,
            count=count,
            withheld=_withheld(view),
        )
        if self._cache.problem:
            _log.error("the answer cache is not as configured", reason=self._cache.problem)
        return Forwarder(settings, counters=count, cache=self._cache)

    def _spoken(self, spoken: Spoken) -> None:
        self._hits.spoken(spoken)
        self._days.spoken(spoken)
        self._scans.spoken(spoken)

    def _keep(self, answer: Answer) -> None:
        if self._cache is not None:
            self._cache.store(answer)

    async def _serve(self, opened: Opened) -> None:
        generation = opened.generation
        settings = generation.view.tables.resolver
        count = self._counting.count
        sockets = worker_sockets(settings)
        self._reports = UpstreamReports()
        self._forwarder = self._new_forwarder(generation.view)
        await self._forwarder.start()
        services = Services(
            self._forwarder.cached,
            self._forwarder.age,
            count,
            cookie=self._cookies.answer,
            keep=self._keep,
            spoken=self._spoken,
        )
        pipeline = Pipeline(generation, services)
        self._server = Server(
            pipeline, self._forwarder, clock=time.time, max_waiting=max_waiting(settings), count=count
        )
        self._connections = TcpConnections(
            self._server, tcp_limits(settings), count=count, gauge=self._counting.gauge
        )
        loop = asyncio.get_running_loop()
        udp = self._listen_udp(sockets[Use.UDP], settings)
        tcp = [await loop.create_server(self._connections.connection, sock=sock) for sock in sockets[Use.TCP]]
        # A newer generation may have come while the sockets were opened.
        self._pipeline = pipeline
        self._take_over(pipeline, self._latest or opened)
        confine_worker(os.environ)
        notify("READY=1", f"STATUS=serving generation {generation.view.tables.generation}")
        del generation, opened  # or the first snapshot would stay mapped for as long as we serve
        housekeeping = spawn(self._housekeeping(), name="housekeeping")
        await self._stopping.wait()
        notify("STOPPING=1")
        housekeeping.cancel()
        for listener in udp:
            listener.close()
        for listening in tcp:
            listening.close()
        await self._drain()
        self._connections.close()
        await self._forwarder.close()
        if self._cache is not None:
            self._cache.close()
        if self._sample is not None:
            self._sample.close()

    def _listen_udp(self, sockets: list[socket.socket], settings: ResolverSettings) -> list[UdpListener]:
        """Have the core serve them; without it, one listener each."""
        count = self._counting.count
        forget_core_pages(self._run, self._slot)
        if not self._has_core:
            return [UdpListener(sock, self._server, count) for sock in sockets]
        if sockets:
            self._sample = SampleFile(sample_path(self._run, self._slot), randbits(64))
            if self._sample.error is not None:
                _log.error("queries cannot be sampled", reason=str(self._sample.error))
            place = Place(self._run, self._slot, settings.workers, self._sample.tap, self._scans.sketch)
            self._front = CoreFront(
                sockets,
                self._server,
                place,
                max_waiting=max_waiting(settings),
                prefetch=self._forwarder.prefetch,
                count=count,
            )
            self._connections.first = self._front.answer
        return []

    async def _drain(self) -> None:
        """Answer what has arrived, within DRAIN_SECONDS."""
        end = time.monotonic() + DRAIN_SECONDS
        if self._front is not None:
            self._front.finish()
            await self._front.drained(DRAIN_SECONDS)
        await self._server.drain(max(0.0, end - time.monotonic()))
        if self._front is not None:
            self._front.close()

    def _count_outbound(self, event: str) -> None:
        self._counting.count(event)
        if event in DISCARDS:
            self._reports.count(event)

    async def _housekeeping(self) -> None:
        """Gauges, reports, and the sign of life that the service manager asked for: it stops when the loop hangs."""
        interval, presence = watchdog_interval(), Presence()
        while True:
            if self._cache is not None:
                presence.follow(self._cache.memory)
            if self._front is not None:
                self._front.tidy()
            await self._follow_the_day()
            states = self._forwarder.upstream_states()
            self._counting.gauge("upstreams_down", sum(not state.healthy for state in states))
            for report in self._reports.due(states, time.monotonic()):
                (_log.warning if report.is_problem else _log.info)(report.message, **dict(report.fields))
            self._counting.gauge("cache_bytes", self._forwarder.cache_bytes)
            self._counting.gauge("cache_entries", self._forwarder.cache_entries)
            self._days.tidy()
            self._scans.tidy(int(time.time() // DAY), self._counting.gauge)
            if interval is not None:
                notify("WATCHDOG=1")
            await asyncio.sleep(min(GAUGE_SECONDS, interval or GAUGE_SECONDS))

    async def _follow_the_day(self) -> None:
        """Give the core the day's cookie secrets: it believes those of its state only."""
        latest = self._latest
        if latest is None or latest.native is None or latest.day == int(time.time() // DAY):
            return
        try:
            # Verified: the files may be others than those that Python has checked when the generation came.
            opened = await asyncio.to_thread(self._open_generation, latest.generation, verify=True)
        except (CoreError, OSError, MemoryError, ValueError) as error:
            if self._told_day != latest.day:
                self._told_day = latest.day
                _log.error("the secrets of cookies stay those of the day before", reason=str(error))
            return
        if self._latest is latest:  # else a newer one came meanwhile, with secrets as new
            self._use(opened)


def _withheld(view: View) -> Withheld:
    """The names that are listed by digest."""
    return Withheld(view.urls.edition, view.digests.lists if view.digests.any else None)


async def _main(place: WorkerPlace, slot: int) -> int:
    run = place.run
    page = CounterPage(run / f"worker-{slot}.counters", WORKER_COUNTERS)
    if page.error is not None:
        _log.error(
            "counters cannot be kept where others read them; serving all the same", reason=str(page.error)
        )
    counting = Counting(page)
    counting.gauge("started", int(time.time()))
    counting.gauge("pid", os.getpid())
    worker = Worker(place, slot, counting, Cookies(cookie_master(run)))
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, worker.stop)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # generations are noticed by themselves
    await worker.run()
    return 1 if worker.failed else 0


def main() -> int:
    """The process's entry point; 0 after a clean stop, 1 when it cannot serve."""
    parser = argparse.ArgumentParser(prog="weir-resolver", description="One Weir resolver worker.")
    parser.add_argument("--state", type=Path, required=True, help="folder of the published state")
    parser.add_argument("--run", type=Path, required=True, help="folder for the counter page")
    parser.add_argument(
        "--log-key", type=Path, help="file of the log's keys; then only logged states are taken"
    )
    parser.add_argument("--slot", type=int, default=0, help="number of this worker, from 0")
    options = parser.parse_args()
    configure_logs(f"worker-{options.slot}")
    forbid_core_dumps()
    raise_file_limit()
    ask_for_short_turns()
    try:
        return asyncio.run(_main(WorkerPlace(options.state, options.run, options.log_key), options.slot))
    except SocketError as error:
        _log.error("cannot serve", reason=str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
