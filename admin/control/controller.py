"""Control's work: adopt configurations, keep lists current, publish. One at a time, and never a step back.

A configuration is in force only once its generation is published: whatever fails before (a mistake in the file, a list
that cannot be compiled, a full disk) leaves configuration and generation as they were, and is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict

from admin.api.appliance import Condition, EditReport, ReloadResult, UnknownListError, Wish
from admin.config import Config, ConfigError, load
from admin.control.editing import Basis, Editor
from admin.control.lists import Clocks, ListKeeper, LostTextError
from admin.control.record import Record
from admin.control.token import TokenError, read_token
from admin.services.build import build_tables, sources
from admin.services.hits import HitHistory, HitReport
from admin.services.in_force import InForce
from admin.services.place import Place
from admin.services.publish import Compile, Snapshot, compile_lists, publish
from admin.services.serving import GATEWAY, resolver_name
from blocklists.edits import Edit, parse_edit
from blocklists.list_store import ListStore
from blocklists.model import ListSource
from blocklists.snapshot.native import SnapshotError, release_memory
from blocklists.snapshot.readings import Readings
from blocklists.suffixes import public_suffixes
from resolver.runtime.logs import get_logger
from resolver.runtime.tasks import spawn
from resolver.tables.model import Tables
from resolver.tables.store import TablesError, current_generation
from resolver.tables.view import View
from resolver.tables.writing import Changes

FIRST_FETCH_LIMIT = 30.0
"""Seconds that a state waits for lists without any version; a slow server must not keep the rest from serving."""
PUBLISH_RETRY = 30.0
"""Seconds between attempts to publish what could not be published."""

_log = get_logger("weir.control")


class Controller:
    """The appliance as its operator sees it (``admin.api.appliance.Appliance``)."""

    def __init__(
        self, config: Config, keeper: ListKeeper, clocks: Clocks, *, compiler: Compile, readings: Readings
    ) -> None:
        """``config`` is in force from the first publication on. TokenError if its token cannot be read.

        ``readings`` is what the keeper counts new versions with.
        """
        self._readings = readings
        self._config, self._keeper, self._clocks, self._compiler = config, keeper, clocks, compiler
        self._place = Place(config.data_dir)
        self._token = read_token(config)
        self._record = Record(clocks.unix())
        self._editor = Editor(ListStore(self._place.lists))
        self._hits = HitHistory()
        self._looking = asyncio.Lock()
        self._changing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._fetches: dict[str, asyncio.Task[None]] = {}
        self._stale = True
        self._retry_at = 0.0
        self._compiled: tuple[object, Snapshot, Basis] | None = None
        self._view: View | None = None
        self._in_force: InForce | None = None
        self.on_published: Callable[[Config], None] = lambda _config: None
        """Called after every publication with the configuration in force."""

    # ---- what the API asks ----

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._config

    @property
    def place(self) -> Place:
        """The folders."""
        return self._place

    @property
    def token(self) -> str | None:
        """What clients of ``/api/`` must send; None if nothing is asked for."""
        return self._token

    def now(self) -> float:
        """Unix seconds."""
        return self._clocks.unix()

    def condition(self) -> Condition:
        """The state of things now."""
        return self._record.condition(self._keeper.conditions())

    async def view(self) -> View:
        """The generation in force, opened once. TablesError or SnapshotError if there is none."""
        generation = current_generation(self._place.state)
        if self._view is None or self._view.tables.generation != generation:
            self._view = await asyncio.to_thread(View.open, self._place.state)
        return self._view

    async def reload(self) -> ReloadResult:
        """Read the configuration's file again; nothing changes unless all of it can be used and published."""
        async with self._changing:
            try:
                config = await asyncio.to_thread(load, self._config.path)
                token = await asyncio.to_thread(read_token, config)
            except ConfigError as error:
                return self._rejected([str(problem) for problem in error.problems])
            except TokenError as error:
                return self._rejected([str(error)])
            if config.data_dir != self._config.data_dir:
                return self._rejected([f"{config.path}: data_dir cannot change while Weir runs: restart it"])
            return await self._adopt(config, token)

    async def edits(self, list_id: str) -> tuple[Edit, ...]:
        """The edits of a list that hold. UnknownListError, OSError."""
        return await asyncio.to_thread(self._editor.edits, self._source(list_id).id)

    async def edit(self, list_id: str, wishes: Sequence[Wish]) -> EditReport:
        """Change single entries of a list, all or none. UnknownListError, EditError, OSError."""
        source = self._source(list_id)
        report = await asyncio.to_thread(self._edit, source, wishes)
        if report.compiling:
            self._stale = True
            self._wake.set()
        _log.info("entries edited", list=list_id, edits=len(wishes), in_force=report.in_force)
        return report

    async def hits(self, list_id: str) -> HitReport:
        """How often a list has spoken. UnknownListError."""
        self._source(list_id)
        await self._look_at_hits()
        async with self._looking:
            now, run = self._clocks.unix(), self._place.run
            return await asyncio.to_thread(self._hits.report, self._config, list_id, run, now)

    async def _look_at_hits(self) -> None:
        async with self._looking:
            await asyncio.to_thread(self._hits.look, self._place.run, self._clocks.unix())

    def _edit(self, source: ListSource, wishes: Sequence[Wish]) -> EditReport:
        suffixes = public_suffixes()
        edits = [parse_edit(source, wish.change, wish.name, wish.scope, suffixes) for wish in wishes]
        return self._editor.edit(source, edits)

    def _source(self, list_id: str) -> ListSource:
        for source in sources(self._config):
            if source.id == list_id:
                return source
        raise UnknownListError(list_id)

    # ---- what the process drives ----

    async def start(self) -> None:
        """Fetch what is needed and publish the first generation; what fails is tried again by ``run``."""
        async with self._changing:
            await self._fetch_first(self._keeper.follow(sources(self._config)))
            await self._try_publish(self._config)

    async def run(self) -> None:
        """Keep lists current and publish what changes, until cancelled."""
        try:
            while True:
                self._wake.clear()
                await self._step()
                await self._sleep()
        finally:
            for task in self._fetches.values():
                task.cancel()

    async def _step(self) -> None:
        for list_id in self._keeper.due():
            self._begin_fetch(list_id)
        await self._look_at_hits()
        if self._stale and self._clocks.monotonic() >= self._retry_at:
            async with self._changing:
                if self._stale:
                    await self._try_publish(self._config)

    async def _sleep(self) -> None:
        """Until a list is due, a fetch has ended or a failed publication is to be tried again."""
        now = self._clocks.monotonic()
        waits = [PUBLISH_RETRY]
        if (due := self._keeper.next_due(set(self._fetches))) is not None:
            waits.append(due - now)
        try:
            async with asyncio.timeout(max(0.0, min(waits))):
                await self._wake.wait()
        except TimeoutError:
            return

    # ---- configurations ----

    async def _adopt(self, config: Config, token: str | None) -> ReloadResult:
        before = self._config
        await self._fetch_first(self._keeper.follow(sources(config)))
        if not await self._try_publish(config):
            self._keeper.follow(sources(before))
            return self._rejected([self._record.publish_problem])
        self._token = token
        self._record.accepted(self._clocks.unix())
        _log.info("configuration taken", file=str(config.path), generation=self._record.generation)
        return ReloadResult(accepted=True, generation=self._record.generation)

    def _rejected(self, problems: list[str]) -> ReloadResult:
        self._record.rejected(problems)
        for problem in problems:
            _log.error("configuration not taken; the one before stays in force", problem=problem)
        return ReloadResult(accepted=False, generation=self._record.generation, problems=tuple(problems))

    # ---- lists ----

    async def _fetch_first(self, list_ids: set[str]) -> None:
        """Fetch these before publishing, as far as they come in time; the others follow when they come."""
        for list_id in list_ids:
            self._begin_fetch(list_id)
        if tasks := [self._fetches[list_id] for list_id in list_ids]:
            await asyncio.wait(tasks, timeout=FIRST_FETCH_LIMIT)

    def _begin_fetch(self, list_id: str) -> None:
        if list_id not in self._fetches:
            self._fetches[list_id] = spawn(self._fetch(list_id), name=f"fetch {list_id}")

    async def _fetch(self, list_id: str) -> None:
        try:
            if await self._keeper.fetch(list_id):
                self._stale = True
            else:
                self._readings.forget(list_id)
        finally:
            del self._fetches[list_id]
            self._wake.set()

    # ---- publishing ----

    async def _try_publish(self, config: Config) -> bool:
        """Publish; False if that failed, which is then said, counted and tried again. The caller holds the lock."""
        self._stale = False
        try:
            tables, snapshot = await asyncio.to_thread(self._publish, config)
        except (OSError, ValueError, LostTextError) as error:
            self._stale = True
            self._retry_at = self._clocks.monotonic() + PUBLISH_RETRY
            problem = self._problem(error)
            self._record.not_published(problem)
            _log.error("nothing was published; the last good state goes on serving", problem=problem)
            return False
        self._config = config
        self._record.published(tables, snapshot, _processes(tables))
        self.on_published(config)
        return True

    def _publish(self, config: Config) -> tuple[Tables, Snapshot]:
        """In a thread: compiling takes seconds of one core for millions of entries."""
        state, now = self._place.state, self._clocks.unix()
        wanted = self._keeper.fingerprint()
        if self._compiled is None or self._compiled[0] != wanted or self._editor.owes_compiling:
            try:
                texts = self._keeper.texts(in_force=current_generation(state) is not None)
            except LostTextError:
                # A list whose text is away must not freeze the policies of everybody.
                if (kept := self._kept(config)) is None:
                    raise
                return self._put_in_force(config, kept, None), kept
            basis = self._editor.basis(source for source, _ in texts)
            compiled = compile_lists(
                texts,
                state,
                now=now,
                edits=basis.edits,
                compiler=self._compiler,
                prepared=self._readings.take(),
            )
            del texts
            release_memory()
            self._compiled = wanted, compiled, basis
        _, snapshot, basis = self._compiled
        return self._put_in_force(config, snapshot, basis), snapshot

    def _put_in_force(self, config: Config, snapshot: Snapshot, basis: Basis | None) -> Tables:
        state = self._place.state
        with self._editor.adopting(state / snapshot.name, sources(config), basis):
            before = self._in_force
            if (
                before is not None
                and (changes := before.edit(config, snapshot.name, snapshot.bits)) is not None
            ):
                if changes != Changes():
                    _log.info("subscribers and profiles changed in place", **asdict(changes))
                return before.tables
            published = publish(config, snapshot, state, now=self._clocks.unix())
        if before is not None:
            before.close()
        self._in_force = published
        return published.tables

    def _kept(self, config: Config) -> Snapshot | None:
        """The compiled lists in force, if the configuration has the very same lists, so that their bits fit."""
        try:
            view = View.open(self._place.state)
        except (TablesError, SnapshotError):
            return None
        wanted = build_tables(config, view.tables.generation, view.tables.snapshot, 0.0)
        if wanted.lists != view.tables.lists:
            return None
        reader = view.reader
        return Snapshot(view.tables.snapshot, view.bits, reader.entries, reader.size, reader.clients)

    def _problem(self, error: Exception) -> str:
        if isinstance(error, OSError):
            return f"{self._place.state}: {error.strerror or error}: make room or mend the disk"
        return str(error)


def _processes(tables: Tables) -> tuple[str, ...]:
    """The processes that a generation calls for."""
    workers = tuple(resolver_name(slot) for slot in range(tables.resolver.workers))
    return (*workers, GATEWAY) if tables.gateway.listen else workers
