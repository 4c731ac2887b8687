"""Looking at versions that do not serve: the one that is held, and the one that the source has now. Nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from admin.control.clocks import Clocks
from admin.control.lists import ListKeeper
from admin.services.actors import Actor, Permission, require
from admin.services.errors import ConflictError, NotFoundError
from admin.services.find_list import find_list
from admin.services.gate_reports import Origin, VersionReport, examined, version_report
from blocklists.gates import inspect_bytes, judge
from blocklists.guard import Guard
from blocklists.list_store import ListStore
from blocklists.model import ListCounts, ListSource, ListVersion
from blocklists.snapshot.readings import Readings
from blocklists.sources import FetchError, NotModified
from blocklists.sync import Fetch


def inspections(
    keeper: ListKeeper,
    clocks: Clocks,
    readings: Readings,
    sources: Callable[[], Iterable[ListSource]],
    turn: asyncio.Lock,
) -> Inspections:
    """Looking at what ``keeper`` keeps, held against the names that ``readings`` are."""
    return Inspections(keeper.store, clocks, keeper.fetcher, sources, lambda: readings.guard, turn)


@dataclass(frozen=True, slots=True)
class Inspections:
    """Implements ``admin.api.list_life.ListInspections``."""

    store: ListStore
    clocks: Clocks
    fetch: Fetch
    sources: Callable[[], Iterable[ListSource]]
    """The lists of the configuration in force."""
    guard: Callable[[], Guard]
    turn: asyncio.Lock
    """One version is examined at a time: each takes memory by its size."""

    async def held(self, actor: Actor, list_id: str) -> VersionReport:
        """As ``ListInspections.held``."""
        require(actor, Permission.LISTS_READ)
        source = find_list(self.sources(), list_id)
        held = (await asyncio.to_thread(self.store.attempt, list_id)).held
        if held is None:
            raise NotFoundError(f"No version of list {list_id} is held")
        serving = await asyncio.to_thread(self.store.serving_for, source)
        origin = Origin("held", held.digest, held.fetched)
        return version_report(source, origin, held.counts, serving.counts if serving else None, held.failures)

    async def preview(self, actor: Actor, list_id: str, *, fetch: bool) -> VersionReport:
        """As ``ListInspections.preview``."""
        require(actor, Permission.LISTS_WRITE)
        source = find_list(self.sources(), list_id)
        async with self.turn:
            held = None if fetch else await asyncio.to_thread(self._held_text, source)
            if held is not None:
                return await self._report(source, "held", held)
            return await self._report(source, "fetched", await self._fetched(source))

    async def _fetched(self, source: ListSource) -> ListVersion:
        try:
            fetched = await self.fetch(source, known=None, now=self.clocks.unix())
        except FetchError as error:
            raise ConflictError(f"list {source.id}: {error}") from error
        if isinstance(fetched, NotModified):
            raise ConflictError(f"list {source.id}: its source sends nothing, and says that nothing changed")
        if (failure := inspect_bytes(fetched.data)) is not None:
            raise ConflictError(f"list {source.id}: {failure.message} {failure.remedy}")
        return await asyncio.to_thread(self.store.identified, source, fetched)

    async def _report(self, source: ListSource, word: str, version: ListVersion) -> VersionReport:
        counts = await self._examined(source, version.data)
        previous = await self._previous(source, counts)
        failures = judge(source, counts, previous, version.digest)
        origin = Origin(word, version.digest, version.fetched)
        return version_report(source, origin, counts, previous, failures)

    async def _previous(self, source: ListSource, counts: ListCounts) -> ListCounts | None:
        """The counts of the version that serves, about the same guarded names."""
        serving = await asyncio.to_thread(self.store.serving_for, source)
        if serving is None:
            return None
        if serving.counts.coverage.reference != counts.coverage.reference:
            current = await asyncio.to_thread(self.store.load_for, source)
            if current is not None:
                examined_now = await self._examined(source, current.data)
                return replace(serving.counts, coverage=examined_now.coverage)
        return serving.counts

    async def _examined(self, source: ListSource, data: bytes) -> ListCounts:
        counts = await asyncio.to_thread(examined, source, data, self.guard())
        return await asyncio.to_thread(self.store.identified_counts, source, counts)

    def _held_text(self, source: ListSource) -> ListVersion | None:
        held = self.store.attempt(source.id).held
        data = None if held is None else self.store.text_for(source, held.digest)
        return (
            None if held is None or data is None else ListVersion(source.id, data, held.digest, held.fetched)
        )
