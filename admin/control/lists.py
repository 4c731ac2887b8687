"""The lists as control keeps them: fetched when due, one at a time per server, their texts at hand for compiling.

Texts lie in the list store, those of secret lists sealed; none stays in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from admin.api.appliance import ListCondition
from admin.control.clocks import Clocks
from admin.control.list_conditions import ListConditions
from admin.control.lives import Lives
from admin.control.progress import ProgressBoard
from admin.control.queueing import Queue
from admin.control.schedule import Schedule
from admin.control.sync_events import NO_NEWS, News, noted
from admin.services.list_facts import tells_numbers
from admin.services.redaction import message_of
from blocklists.digesting import Digester
from blocklists.model import Confidentiality, Kind, ListCounts, ListSource, ListVersion
from blocklists.pace import pace_of
from blocklists.records import ListLife
from blocklists.sources import Fetched, Known, Phase, Progress
from blocklists.suffixes import public_suffixes
from blocklists.sync import (
    CONFIRMING,
    Count,
    Fetch,
    ListState,
    ListStore,
    Recount,
    RefreshOutcome,
    note_fault,
    refresh,
)
from blocklists.versions import RollbackError
from resolver.runtime.logs import get_logger

_log = get_logger("weir.lists")


class LostTextError(Exception):
    """A list that is enforced now could not be compiled again; the message says which and what to do."""


class _SupersededError(Exception):
    """The source is no longer configured as it was when its fetch began."""


class ListKeeper:
    """Owns the list store. Not thread-safe but for ``texts``, which only reads."""

    def __init__(  # noqa: PLR0913 - its collaborators, each by name
        self,
        store: ListStore,
        schedule: Schedule,
        clocks: Clocks,
        *,
        count: Count,
        fetch: Fetch,
        progress: ProgressBoard | None = None,
        recount: Recount | None = None,
        digester: Digester | None = None,
    ) -> None:
        """Knows no list until ``follow``. ``progress`` is where ``fetch`` tells how far it has come. Without ``recount``
        every new version is counted as a whole.
        """
        self.store = self._store = store
        """Where the lists are kept."""
        self._schedule, self._clocks = schedule, clocks
        self._count, self._fetch, self._recount = count, fetch, recount
        self.digester = digester or Digester(store, public_suffixes())
        """What the public log says of versions."""
        self.fetcher = fetch
        """How a list is fetched, for who looks at it without keeping it."""
        self.lives = Lives(store, clocks)
        """What people decided about the lists, and how old these are."""
        self._sources: dict[str, ListSource] = {}
        self._outcomes: dict[str, RefreshOutcome] = {}
        self._attempts: Counter[str] = Counter()
        self.progress = progress or ProgressBoard()
        """How far the fetches have come that run now."""
        self._conditions = ListConditions(store, self.lives, schedule, clocks, self._outcomes, self._attempts)
        self._queue = Queue()
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._fetching: dict[str, tuple[ListSource, asyncio.Task[Fetched]]] = {}

    def follow(self, sources: Iterable[ListSource], *, anew: bool = True) -> set[str]:
        """Keep these lists from now on. Returns those that are to be fetched before the next state is published.

        These are lists that changed or have a held version that was released; if the configuration is read ``anew``, also
        those without text here and file lists, which an operator expects to be read again; else these wait for their turn.
        A running fetch of a source that changed is given up for the new source.
        """
        before, self._sources = self._sources, {source.id: source for source in sources}
        self._schedule.keep_only(set(self._sources))
        self.lives.follow(self._sources.values())
        for source, task in self._fetching.values():
            if not self._is_current(source):
                task.cancel()  # its ``fetch`` goes on with the new source
        now, needed = self._clocks.monotonic(), set()
        for source in self._sources.values():
            if source.confidentiality is Confidentiality.SECRET:
                with contextlib.suppress(OSError):  # a disk that fails: done when the list is fetched
                    self._store.forget_text(source.id)
            changed = bool(before) and before.get(source.id) != source
            released = bool(self._store.attempt(source.id).released)
            wanted = anew and (source.url.startswith("file:") or not self._is_at_hand(source))
            if changed or released or wanted:
                self._schedule.put(source.id, source.refresh, due=now)
                needed.add(source.id)
            elif source.id not in before:
                self._schedule.put(source.id, source.refresh, due=now + self._remaining(source))
            self._keep_pace(source)
        return needed - self.lives.erased()

    def called(self, list_ids: Collection[str]) -> set[str]:
        """Their sources say that these lists have new versions. Returns those that must be fetched now."""
        for list_id in list_ids:
            self._schedule.call(list_id, self._clocks.monotonic())
        return self.due().intersection(list_ids)

    def tag(self, list_id: str) -> str:
        """By which the source of a list tells the version that was accepted last from others; empty if by nothing."""
        source = self._sources.get(list_id)
        newest = self._store.newest_for(source) if source else None
        return newest.etag if newest else ""

    def next_due(self, besides: Collection[str] = ()) -> float | None:
        """When a list must be fetched next, in monotonic seconds; those ``besides`` are being fetched."""
        return self._schedule.next_due({*besides, *self.lives.erased()})

    def due(self) -> set[str]:
        """The lists that must be fetched now."""
        return self._schedule.due(self._clocks.monotonic()) - self.lives.erased()

    async def fetch(self, list_id: str) -> bool:
        """Update one list; True if another version than before is at hand. A fault ends in words, not in an error."""
        async with self._turns[list_id]:
            while (source := self._fetchable(list_id)) is not None:
                self.progress.note(Progress(list_id, Phase.WAITING))
                try:
                    async with self._queue.turn(source):
                        self._schedule.begun(list_id)
                        with contextlib.suppress(_SupersededError):
                            return await self._refresh(source)
                finally:
                    self.progress.forget(list_id)
        return False  # no longer configured, or erased

    async def erase(self, list_id: str) -> None:
        """Destroy what is kept of a list, and give up what is on its way into it. OSError: do it again.

        An update that is just being stored may bring something back: do it again once the list ``is_idle``.
        """
        if (fetching := self._fetching.get(list_id)) is not None:
            fetching[1].cancel()
        await asyncio.to_thread(self._store.erase, list_id)
        self._outcomes.pop(list_id, None)

    def is_idle(self, list_id: str) -> bool:
        """Whether no update of a list is under way."""
        return not self._turns[list_id].locked()

    def _fetchable(self, list_id: str) -> ListSource | None:
        return None if list_id in self.lives.erased() else self._sources.get(list_id)

    async def _refresh(self, source: ListSource) -> bool:
        list_id, before = source.id, self._digest(source)
        outcome = await self._outcome(source)
        self._check_current(source)
        self._outcomes[list_id] = replace(outcome, version=None)  # the text must not stay in memory
        good = outcome.state in CONFIRMING
        self._keep_pace(source)
        wait = outcome.retry_after or 0.0
        self._schedule.tried(list_id, self._clocks.monotonic(), succeeded=good, at_least=wait)
        await self._remember(source, outcome, good=good)
        self._tell(source, outcome)
        return self._digest(source) != before

    async def _remember(self, source: ListSource, outcome: RefreshOutcome, *, good: bool) -> None:
        """Count the list's age from now, or know that this process tried; announce what is new."""
        (self.lives.confirmed if good else self.lives.tried)(source.id)
        newest, held = self._store.newest_for(source), self._store.attempt(source.id).held
        now, life = self._clocks.unix(), self.lives.life(source.id)
        news = NO_NEWS
        if newest is not None and newest.digest != life.announced:
            news = await asyncio.to_thread(self._news, source, life.announced, newest.digest)

        def changed(life: ListLife) -> ListLife | None:
            return noted(life, source, outcome, newest, held, now, news)

        if changed(life) is not None:
            with contextlib.suppress(OSError):  # a full disk: announced when the next attempt ends
                await self.lives.change(source.id, lambda life: changed(life) or life)

    def _news(self, source: ListSource, before: str, after: str) -> News:
        """What the event of a new version tells beside its record."""
        known = self._store.digests.find(source.id, after)
        is_told = source.confidentiality is not Confidentiality.SECRET or tells_numbers(source)
        moved = None
        with contextlib.suppress(OSError):  # a full disk: the event says less
            moved = self.digester.moved(source, before, after) if is_told else None
        return News("" if known is None else known.feed, moved)

    def _digested(self, source: ListSource, version: str, data: bytes) -> object:
        """Work out what the log says of a version that is taken on."""
        is_news = version != self.lives.life(source.id).announced
        if is_news and any(kept.digest == version for kept in self._store.versions(source.id)):
            self.digester.came_back(source, version)
        return self.digester.digest(source, version, data)

    async def _outcome(self, source: ListSource) -> RefreshOutcome:
        now = self._clocks.unix()
        try:
            return await refresh(
                source,
                self._store,
                now=now,
                count=self._count_current,
                fetch=self._fetch_current,
                recount=None if self._recount is None else self._recount_current,
                digest=self._digested,
            )
        except _SupersededError:
            raise
        except Exception as error:
            # A list that breaks our code must be retried no sooner than another. Only the type is told: what the
            # exception says may be text of the list.
            fault = f"An internal fault ({type(error).__name__}) ended this attempt; please report it"
            return await note_fault(source, self._store, fault, now=now)

    async def _fetch_current(self, source: ListSource, *, known: Known | None, now: float) -> Fetched:
        """Fetch; _SupersededError when the source is configured otherwise meanwhile."""
        self._check_current(source)
        task = asyncio.ensure_future(self._fetch(source, known=known, now=now))
        self._fetching[source.id] = source, task
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            del self._fetching[source.id]
        if not self._is_current(source):
            await asyncio.gather(task, return_exceptions=True)
        self._check_current(source)
        return task.result()

    def _count_current(self, source: ListSource, data: bytes) -> ListCounts:
        """In a thread, the last step before a version is stored."""
        counts = self._count(source, data)
        self._check_current(source)
        return counts

    def _recount_current(
        self, source: ListSource, before: ListVersion, counts: ListCounts, after: ListVersion
    ) -> ListCounts | None:
        assert self._recount is not None
        found = self._recount(source, before, counts, after)
        self._check_current(source)
        return found

    def _is_current(self, source: ListSource) -> bool:
        return self._fetchable(source.id) == source

    def _check_current(self, source: ListSource) -> None:
        if not self._is_current(source):
            raise _SupersededError(source.id)

    def fingerprint(self) -> tuple[tuple[ListSource, str], ...]:
        """Changes when, and only when, compiling again would give something else."""
        left_out = self.lives.left_out()
        return tuple(
            (source, self._digest(source)) for source in self._sources.values() if source.id not in left_out
        )

    def texts(self, *, in_force: bool) -> list[tuple[ListSource, bytes]]:
        """What to compile. Lists that were never loaded are left out.

        LostTextError if a state is ``in_force`` and a list that was loaded before has no readable text now: what is
        enforced must not end because a disk or a source has a bad moment.
        """
        found: list[tuple[ListSource, bytes]] = []
        left_out = self.lives.left_out()
        for source in self._sources.values():
            if source.id in left_out:
                continue
            version = self._store.load_for(source)
            if version is not None:
                found.append((source, version.data))
            elif in_force and self._store.is_known(source.id):
                raise LostTextError(
                    f"list {source.id} is enforced but its text cannot be read any more "
                    f"({self._last_words(source) or 'not fetched yet'}); "
                    "the last good state goes on serving until it can, or until the list is removed"
                )
        return found

    def ended(self, list_id: str) -> None:
        """An attempt to update a list is over, whatever came of it, and another one may begin."""
        self._attempts[list_id] += 1

    def can_roll_back(self, source: ListSource) -> bool:
        """Whether the version before the one that serves could serve again."""
        try:
            self._store.roll_back(source, "")
        except RollbackError:
            return False
        return True

    def attempts(self, list_id: str) -> int:
        """Attempts to update a list that this process has ended."""
        return self._attempts[list_id]

    def conditions(
        self, fetching: Collection[str] = (), compiled: Collection[tuple[ListSource, str]] = ()
    ) -> tuple[ListCondition, ...]:
        """The lists as the API shows them: those in ``fetching`` are being updated, ``compiled`` is the fingerprint of
        the state in force.
        """
        return self._conditions.of(self._sources.values(), fetching, compiled)

    def _last_words(self, source: ListSource) -> str:
        attempt = self._store.attempt(source.id)
        return message_of(source, attempt.state, attempt.message, attempt.held)

    def _digest(self, source: ListSource) -> str:
        """Of the version that serves; empty if there is none."""
        serving = self._store.serving_for(source)
        return serving.digest if serving else ""

    def _keep_pace(self, source: ListSource) -> None:
        newest = self._store.newest_for(source)
        pace = pace_of(source, newest.timers if newest else None)
        self._schedule.keep_pace(source.id, pace.refresh, pace.retry)

    def _is_at_hand(self, source: ListSource) -> bool:
        """Whether there is a version, and of a secret list one that this box's key opens."""
        digest = self._digest(source)
        if not digest or source.confidentiality is not Confidentiality.SECRET:
            return bool(digest)
        return self._store.has_text(source.id, digest)

    def _remaining(self, source: ListSource) -> float:
        """Seconds until a list is due that was last tried by an earlier process; a clock that was set back: now.

        A zone is due at once: its primary may have said meanwhile that there is a new version.
        """
        last = self._store.attempt(source.id).at
        if last is None or source.fetching.transfer is not None:
            return 0.0
        passed = self._clocks.unix() - last
        return source.refresh - passed if 0 <= passed < source.refresh else 0.0

    def _tell(self, source: ListSource, outcome: RefreshOutcome) -> None:
        words = message_of(source, outcome.state, outcome.message, self._store.attempt(source.id).held)
        if outcome.state is ListState.ACCEPTED:
            _log.info("list updated", list=source.id, outcome=words)
        elif outcome.state in CONFIRMING:
            return
        elif not self._digest(source) and source.kind in (Kind.ILLEGAL, Kind.PROTECTED):
            _log.error("THIS LIST IS NOT ENFORCED: it has never been loaded", list=source.id, reason=words)
        else:
            _log.warning("list not updated", list=source.id, reason=words)
