"""Control's work: adopt configurations, keep lists current, publish. One at a time, and never a step back.

A configuration is in force only once its generation is published: whatever fails before (a mistake in the file, a list
that cannot be compiled, a full disk) leaves configuration and generation as they were, and is said.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from admin.api.appliance import Condition, EditReport, Keys, ReloadResult, Wish
from admin.config import Config
from admin.control.adoption import Adoption
from admin.control.announcing import Announcer
from admin.control.archive import Archive
from admin.control.asking import Asking
from admin.control.bookkeeping import Bookkeeping
from admin.control.clocks import Clocks
from admin.control.conditions import Conditions
from admin.control.config_events import beginnings, software_started
from admin.control.decisions import Decisions, Effects
from admin.control.edit_turns import EditTurns
from admin.control.editing import Editor
from admin.control.erasing import Eraser
from admin.control.fetching import Fetching
from admin.control.guarding import Guarding
from admin.control.inspections import Inspections, inspections
from admin.control.list_texts import ListTexts, list_texts
from admin.control.lists import ListKeeper
from admin.control.log_inputs import LogInputs
from admin.control.logging_first import Log, LogFirst
from admin.control.notify_listener import NotifyListener
from admin.control.preparing import Preparer
from admin.control.publishing import Publisher
from admin.control.putting import attempt
from admin.control.record import Record as Doings
from admin.control.reloading import Reloads
from admin.control.resting import PUBLISH_RETRY, rest
from admin.control.storage import Storage
from admin.control.token import read_token
from admin.control.trials import Trials
from admin.control.viewing import CurrentView
from admin.control.watches import Watches
from admin.services.actors import Actor
from admin.services.acts import Act
from admin.services.build import sources
from admin.services.find_list import find_list
from admin.services.hits import HitReport
from admin.services.place import Place
from admin.services.probes import Report
from admin.services.publish import Compile
from blocklists.edits import Edit
from blocklists.entry_life import EntryLives
from blocklists.model import ListSource
from blocklists.snapshot.readings import Readings
from blocklists.suffixes import public_suffixes
from resolver.runtime.tasks import spawn
from resolver.tables.store import current_generation
from resolver.tables.view import View

if TYPE_CHECKING:
    from admin.store.database import Database

FIRST_FETCH_LIMIT = 30.0
"""Seconds that a state waits for lists without any version; a slow server must not keep the rest from serving."""
STORE_LOOK = 5.0
"""Seconds between looks at the database for what other processes have changed, or whether it can be reached again."""


class Controller:
    """The appliance as its operator sees it (``admin.api.appliance.Appliance``)."""

    def __init__(
        self,
        config: Config,
        keeper: ListKeeper,
        clocks: Clocks,
        *,
        compiler: Compile,
        readings: Readings,
        storage: Storage,
    ) -> None:
        """``config`` is what the file declares. TokenError if its token cannot be read.

        ``readings`` is what the keeper counts new versions with, its index key that of all secret lists; whoever made
        ``storage`` closes it. Without ``keep_log`` nothing is logged before it is in force.
        """
        self._readings = readings
        self._keeper, self._clocks, self._storage = keeper, clocks, storage
        self._place = Place(config.data_dir)
        self._keys = Keys(local=None, file=read_token(config))
        self._record = Doings(clocks.unix())
        self._editor = Editor(keeper.store)
        self._preparer = Preparer(
            self._place, keeper, self._editor, clocks.unix, compiler=compiler, readings=readings
        )
        self._publisher = Publisher(self._place, keeper, self._editor, self._preparer, clocks.unix)
        self._announcer = Announcer(storage.record)
        inputs = LogInputs(keeper, self._editor, readings, self._announcer, self.connect)
        self._first = LogFirst(self._publisher, inputs.describe, lambda: inputs.deliver(self._sources()))
        self._edits = EditTurns(self._editor, self._first, keeper.lives)
        self._trials = Trials(self._publisher, self._first, self._place.run, clocks)
        self._asking = Asking(self._place.run, clocks)
        self._watches = Watches(config, storage, clocks)
        self._guarding = Guarding(keeper.store, keeper.lives, readings, self._asking.ranking)
        self._adoption = Adoption(config, storage, self._preparer, self._publisher, self._first)
        again = self._held_against
        self._reloads = Reloads(self._adoption, storage, self._record, clocks, self._bring, again)
        self._entries = EntryLives(keeper.store, public_suffixes())
        self._bookkeeping = Bookkeeping(self._entries, clocks.unix)
        self._eraser = Eraser(keeper, self._place.state, clocks.unix)
        self._changing, self._inspecting = asyncio.Lock(), asyncio.Lock()
        self._wake = asyncio.Event()
        self._fetching = Fetching(keeper, self._came, readings.forget, self._wake.set)
        parts = self._adoption, self._publisher, self._trials, self._record
        self._selftest = Conditions(keeper, self._fetching, *parts).selftest(clocks, storage)
        self._stale = True
        self._retry_at = self._look_at = 0.0
        self._view = CurrentView(self._place.state, readings)
        self.notices = NotifyListener(clocks, self.called)
        """Where zones' primaries say that there is a new version; whoever runs the controller lets it follow."""
        self.on_published: Callable[[Config], None] = lambda _config: None
        """Called after every publication with the configuration in force."""

    # ---- what the API asks ----

    @property
    def config(self) -> Config:
        """The configuration in force: what the file declares and what is stored beside it."""
        return self._adoption.in_force.config

    @property
    def declared(self) -> Config:
        """The file's part of the configuration in force: read-only for everybody else."""
        return self._adoption.in_force.declared

    @property
    def clashes(self) -> tuple[str, ...]:
        """What of the database is not in force as it stands there, in words."""
        return self._adoption.in_force.clashes

    @property
    def database(self) -> Database:
        """The database. UnavailableError if it cannot be used now."""
        return self._storage.database

    async def connect(self) -> Database:
        """The database, once it is open. UnavailableError if it cannot be used now."""
        return await self._storage.opened(self.declared)

    @property
    def place(self) -> Place:
        """The folders."""
        return self._place

    @property
    def keys(self) -> Keys:
        """The credentials that are not in the database."""
        return self._keys

    def admit(self, local_token: str) -> None:
        """From now on whoever has this token is somebody with rights on this box."""
        self._keys = replace(self._keys, local=local_token)

    def keep_log(self, log: Log) -> None:
        """From now on nothing comes into force that is not in this log; called before ``start``."""
        self._first.keep(log, self._place.log_vkey)
        self._editor.holds = True

    def now(self) -> float:
        """Unix seconds."""
        return self._clocks.unix()

    def condition(self) -> Condition:
        """The state of things now."""
        return replace(
            self._selftest.condition(),
            notices=self.notices.counts,
            clashes=self.clashes,
            scanning=self._watches.scanning,
            log=self._first.condition,
            is_ahead=self._publisher.is_ahead,
        )

    async def selftest(self, actor: Actor, list_id: str) -> Report:
        """As ``Appliance.selftest``."""
        return await self._selftest.ask(actor, list_id)

    @property
    def lists(self) -> Decisions:
        """What may be decided about lists."""
        holds, again, record = self._publisher.holds, self._fetching.again, self._record
        generation, problem = (lambda: record.generation), (lambda: record.publish_problem)
        effects = Effects(self._sources, self.enforce, holds, again, generation, problem)
        return Decisions(self._keeper.store, self._entries, self._keeper.lives, self._clocks, effects)

    @property
    def inspections(self) -> Inspections:
        """Looking at versions of lists that do not serve."""
        return inspections(self._keeper, self._clocks, self._readings, self._sources, self._inspecting)

    @property
    def texts(self) -> ListTexts:
        """What the public log's digests can be recomputed from."""
        return list_texts(self._keeper, self._sources, self._editor.edits, lambda: self._readings.guard)

    @property
    def archive(self) -> Archive:
        """What opens the public log's commitments."""
        return Archive(self._keeper, self._sources, self._editor.edits, self._first)

    async def view(self) -> View:
        """The generation in force, opened once. TablesError or SnapshotError if there is none."""
        return await self._view.get()

    async def reload(self, act: Act | None = None) -> ReloadResult:
        """As ``Appliance.reload``; nothing changes unless all of the file can be used and published."""
        async with self._changing:
            result, self._keys = await self._reloads.reload(self._keys, act)
            return result

    async def store_changed(self) -> str:
        """As ``Appliance.store_changed``. A failure is said, counted and tried again."""
        is_read, changed = await self._storage.refresh(self.declared), self._storage.sequence
        await self._follow_store()
        self._wake.set()
        if not is_read:
            return self._storage.problem
        return self._adoption.waits(changed, self._record.publish_problem)

    async def edits(self, list_id: str) -> tuple[Edit, ...]:
        """The edits of a list that hold. NotFoundError, OSError."""
        return await asyncio.to_thread(self._editor.edits, self._source(list_id).id)

    async def edit(self, act: Act, list_id: str, wishes: Sequence[Wish]) -> EditReport:
        """As ``Appliance.edit``."""
        report = await self._edits.edit(act, self._source(list_id), wishes, self._readings.guard)
        self._stale = self._stale or report.compiling or self._editor.waits
        self._wake.set()
        return report

    async def hits(self, list_id: str) -> HitReport:
        """How often a list has spoken. NotFoundError."""
        self._source(list_id)
        return await self._watches.hits.report(self.config, list_id)

    def _sources(self) -> tuple[ListSource, ...]:
        return sources(self.config)

    def _source(self, list_id: str) -> ListSource:
        return find_list(self._sources(), list_id)

    # ---- what the process drives ----

    async def start(self) -> None:
        """Fetch what is needed and publish the first generation; what fails is tried again by ``run``."""
        await self._watches.hits.look()  # what was counted before belongs to no hour that is known here
        async with self._changing:
            if not self._storage.suppose_empty():
                await self._storage.refresh(self.declared)
            await self._storage.note(*await software_started(self._clocks.unix()))
            self._first.open()  # from here on whatever is noted waits for the database
            await self._adoption.want_stored()
            is_published = await self._bring(self._adoption.wanted.config)
            if not is_published and current_generation(self._place.state) is not None:
                self.on_published(self.config)  # nothing new, but this is all there will be for now
        for note in beginnings(self.declared, self._clocks.unix()):
            await self._storage.note(*note)

    def called(self, list_ids: Collection[str]) -> None:
        """Their sources say that these lists have new versions: look now, without waiting for a compilation."""
        for list_id in self._keeper.called(list_ids):
            self._fetching.begin(list_id)
        self._wake.set()

    async def run(self) -> None:
        """Keep lists current, publish what changes and test what is in force, until cancelled."""
        testing = spawn(self._selftest.run(), name="self-test")
        try:
            while True:
                self._wake.clear()
                await self._step()
                await self._sleep()
        finally:
            self._bookkeeping.stop()
            await self._watches.close()
            await self._first.stop()
            self._fetching.stop()
            testing.cancel()
            await asyncio.wait({testing})  # it lets go of the database before that is closed

    async def enforce(self, *, by_itself: bool = False) -> bool:
        """Put into force what is enforced of the lists now, over the compiled lists that serve; nothing is waited for.

        False if that could not be published. It is then tried again, and what is left to be compiled is on its way.
        ``by_itself``: a time is over, nobody decided anything now.
        """
        ahead = partial(self._first.ahead, self.config, by_itself=by_itself)
        is_published = not self._waits_for_store and await attempt(ahead, self._record, self._place.state)
        if is_published:
            self._selftest.published(self._publisher.compiled)
        self._stale = self._stale or not (is_published and self._preparer.is_current)
        self._wake.set()
        return is_published

    async def _step(self) -> None:
        await self._live()
        await self._eraser.destroy()
        for list_id in self._keeper.due():
            self._fetching.begin(list_id)
        await self._look_at_store()
        if await self._asking.look(self.config):
            await asyncio.to_thread(self._guarding.follow, self.config)
        if self._stale and (self._first.is_back or self._clocks.monotonic() >= self._retry_at):
            async with self._changing:
                if self._stale:
                    await self._try_publish()
        self._bookkeeping.begin(self._publisher.compiled)
        await self._trials.look(self.lists, self.config, self._record)
        if not self._stale and self._preparer.is_current:
            await self._eraser.prove()
        self._first.follow()
        await self._announcer.deliver(self._keeper.lives, [source.id for source in self._sources()])
        await self._watches.look(self.config, self._record.processes, self._publisher.binding)

    async def _live(self) -> None:
        """Let suspensions end and lists grow old."""
        with contextlib.suppress(OSError):  # a full disk: all is as before, and tried again at the next step
            if await self._keeper.lives.advance():
                await self.enforce(by_itself=True)

    async def _sleep(self) -> None:
        """Until a list is due, a fetch has ended, or a failed publication or the database is to be tried again."""
        now = self._clocks.monotonic()
        wait = rest(self._keeper, self._fetching, self._publisher, self._watches, now)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(wait, self._look_at - now))):
                await self._wake.wait()

    # ---- configurations ----

    @property
    def _waits_for_store(self) -> bool:
        """Nobody knows who the database's subscribers are: what an earlier process published goes on serving."""
        return not self._adoption.is_known and current_generation(self._place.state) is not None

    async def _look_at_store(self) -> None:
        """Other processes write to the database too, and one that could not be reached comes back."""
        now = self._clocks.monotonic()
        if now >= self._look_at:
            self._look_at = now + STORE_LOOK
            if await self._storage.refresh(self.declared):
                await self._follow_store()

    async def _follow_store(self) -> None:
        if await self._adoption.change_subscribers():
            return
        async with self._changing:
            if await self._adoption.want_stored():
                await self._bring(self._adoption.wanted.config, anew=False)

    async def _held_against(self, config: Config, *, anew: bool = True) -> set[str]:
        """Follow the lists of a configuration, and hold them against its names; those to be fetched first."""
        await asyncio.to_thread(self._guarding.follow, config)
        return self._keeper.follow(sources(config), anew=anew)

    async def _bring(self, config: Config, *, anew: bool = True) -> bool:
        """Fetch what the wanted configuration, read ``anew`` or not, needs as far as it comes in time; and publish it."""
        await self._fetching.first(await self._held_against(config, anew=anew), FIRST_FETCH_LIMIT)
        return await self._try_publish()

    async def _came(self, _list_id: str) -> None:
        """A list has something new."""
        await asyncio.to_thread(self._guarding.follow, self._adoption.wanted.config)
        self._stale = True

    async def _try_publish(self) -> bool:
        """Publish what is wanted; False if that failed, which is then said, counted and tried again.

        The caller holds the lock.
        """
        self._stale = False
        if self._waits_for_store:
            self._record.not_published(self._storage.problem)
            return False
        if not await attempt(self._adoption.publish, self._record, self._place.state):
            self._stale = True
            self._retry_at = self._clocks.monotonic() + PUBLISH_RETRY
            return False
        self._selftest.published(self._publisher.compiled)
        if self._preparer.is_behind:
            self._stale = True
            self._wake.set()
        self.on_published(self.config)
        return True
