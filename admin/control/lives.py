"""What people decided about each list, and how old each list is: in memory, and on disk before it counts.

Ages and ends of suspensions are measured by the monotonic clock from the moment at which this process learned of them.
The wall clock decides only how much of them had passed before, so a clock that is set while Weir runs moves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from admin.audit.events import Event, EventKind
from admin.control.clocks import Clocks
from admin.control.erasure import Wish, begun
from admin.control.wishes import with_notes
from admin.services.actors import Actor, ActorKind
from admin.services.announced import announcement
from admin.services.list_facts import with_facts
from blocklists.enforcement import Enforced, ages_of, enforced, level_of, to_be_left_out
from blocklists.list_store import ListStore
from blocklists.model import ListSource, Timers
from blocklists.records import AgeLevel, ListLife, Suspension
from resolver.runtime.logs import get_logger

_log = get_logger("weir.lists")
_BY_TIME = Actor.of_the_box(ActorKind.SCHEDULE, "control")


@dataclass(slots=True)
class _Known:
    source: ListSource
    life: ListLife
    anchor: float
    """Monotonic seconds at which the list was known to be current; None of it passes by setting a clock."""
    began: float
    """Monotonic seconds since which this process itself has seen no success."""
    has_age: bool
    timers: Timers | None
    """What the zone's own SOA asks for."""
    tried: bool = False
    ends: float | None = None
    """Monotonic seconds at which the suspension ends."""


class Lives:
    """The lives of all lists. ``change`` and ``advance`` write, one at a time; the rest only reads."""

    def __init__(self, store: ListStore, clocks: Clocks) -> None:
        """Knows no list before ``follow``."""
        self._store, self._clocks = store, clocks
        self._known: Mapping[str, _Known] = {}
        self._leaving: dict[str, ListLife] | None = None
        """Lists that are followed no more and still have something to tell; None before ``follow``."""
        self._writing = asyncio.Lock()
        self.decisions = 0
        """Grows with every suspension and rollback, and with the end of one."""

    def follow(self, sources: Iterable[ListSource]) -> None:
        """Keep these lists' lives from now on, as they are on disk."""
        known = {}
        for source in sources:
            before = self._known.get(source.id)
            known[source.id] = self._read(source) if before is None else replace(before, source=source)
        self._leaving = self._left(known)
        self._known = known

    @property
    def leaving(self) -> tuple[str, ...]:
        """Lists that are followed no more and have events that the audit log lacks."""
        return tuple(self._leaving or ())

    def _left(self, known: Mapping[str, _Known]) -> dict[str, ListLife]:
        """What is still to be told of lists that are not among these; at the start, of those of an earlier process."""
        if self._leaving is None:
            gone = self._store.remembered() - known.keys()
            found = {list_id: self._with_edits(list_id, self._store.life(list_id)) for list_id in gone}
        else:
            found = self._leaving | {list_id: item.life for list_id, item in self._known.items()}
        return {list_id: life for list_id, life in found.items() if life.pending and list_id not in known}

    def life(self, list_id: str) -> ListLife:
        """What was decided about a list; nothing about one that is not followed and has nothing to tell."""
        known = self._known.get(list_id)
        return (self._leaving or {}).get(list_id, ListLife()) if known is None else known.life

    async def change(self, list_id: str, changed: Callable[[ListLife], ListLife]) -> ListLife:
        """Change what was decided, durably, and return it. OSError: what was decided before still holds."""
        async with self._writing:
            life = changed(self.life(list_id))
            await asyncio.to_thread(self._put, list_id, life)
            return life

    async def follow_edits(self, list_id: str) -> None:
        """Take over the events that were kept with edits. What the disk does not take now is taken over another time."""
        with contextlib.suppress(OSError):
            journal = await asyncio.to_thread(self._store.edits, list_id)
            await self.change(list_id, lambda life: with_notes(life, journal.notes))

    def confirmed(self, list_id: str) -> None:
        """The list was fetched or found current a moment ago."""
        if (known := self._known.get(list_id)) is not None:
            known.anchor = known.began = self._clocks.monotonic()
            known.tried = known.has_age = True
            known.timers = self._timers(known.source)

    def tried(self, list_id: str) -> None:
        """An attempt of this process to update the list has ended without success."""
        if (known := self._known.get(list_id)) is not None:
            known.tried = True

    def age(self, list_id: str) -> float | None:
        """Seconds since the list was known to be current; None if it never was."""
        known = self._known.get(list_id)
        if known is None or not known.has_age:
            return None
        return self._clocks.monotonic() - known.anchor

    def enforced(self) -> dict[str, Enforced]:
        """The lists of which not all is enforced."""
        found = {list_id: enforced(known.source, known.life) for list_id, known in self._known.items()}
        return {list_id: part for list_id, part in found.items() if part is not Enforced.ALL}

    def left_out(self) -> frozenset[str]:
        """The lists that must be compiled without (``enforcement.to_be_left_out``)."""
        off = {list_id for list_id, part in self.enforced().items() if part is Enforced.NOTHING}
        sources = (known.source for known in self._known.values())
        return (to_be_left_out(sources, off) if off else frozenset()) | self.erased()

    def erased(self) -> frozenset[str]:
        """The lists that are erased or being erased: not to be fetched any more."""
        return frozenset(list_id for list_id, known in self._known.items() if known.life.erasure is not None)

    def erasing(self) -> tuple[str, ...]:
        """The lists whose erasure has begun and not ended."""
        erasures = ((list_id, known.life.erasure) for list_id, known in self._known.items())
        return tuple(list_id for list_id, erasure in erasures if erasure is not None and erasure.done is None)

    def next_end(self) -> float | None:
        """When the next suspension ends, in monotonic seconds."""
        return min((known.ends for known in self._known.values() if known.ends is not None), default=None)

    async def advance(self) -> bool:
        """End suspensions whose time has come, and note new age levels; True if something is enforced otherwise now.

        OSError if that could not be written: it is then done the next time.
        """
        async with self._writing:
            return await asyncio.to_thread(self._advance)

    def _advance(self) -> bool:
        before = self.enforced()
        for list_id, known in self._known.items():
            if known.ends is not None and known.ends <= self._clocks.monotonic():
                self._end(list_id, known)
            ends = known.source.handling.licence_ends
            if ends is not None and ends <= self._clocks.unix() and known.life.erasure is None:
                self._end_of_licence(list_id, known)
            if known.life.erasure is None and (level := self._level(known)) is not known.life.age:
                self._age(list_id, known, level)
        return self.enforced() != before

    def _put(self, list_id: str, life: ListLife) -> None:
        self._store.decide(list_id, life)
        if (known := self._known.get(list_id)) is not None:
            if life.suspension != known.life.suspension:
                known.ends = self._end_of(life.suspension)
            if _decisions(life) != _decisions(known.life):
                self.decisions += 1
            known.life = life
        elif self._leaving is not None and self._leaving.pop(list_id, None) is not None and life.pending:
            self._leaving[list_id] = life

    def _end(self, list_id: str, known: _Known) -> None:
        event = Event(EventKind.LIST_RESUMED, list_id, reason="The suspension's time is over.")
        self._put(list_id, self.with_event(replace(known.life, suspension=None), event, _BY_TIME))
        _log.warning("list enforced again: its suspension is over", list=list_id)

    def _end_of_licence(self, list_id: str, known: _Known) -> None:
        wish = Wish(list_id, _BY_TIME, "schedule:control", self._clocks.unix(), "The licence has ended.")
        self._put(list_id, begun(known.life, wish, self._store.kept_digests(list_id), self.with_event))
        _log.warning("the licence of this list has ended; what is kept of it is being erased", list=list_id)

    def _age(self, list_id: str, known: _Known, level: AgeLevel) -> None:
        detail = {"level": level.value, "age_s": int(self.age(list_id) or 0)}
        life = replace(known.life, age=level)
        part = enforced(known.source, life)
        event = Event(EventKind.LIST_STALE, list_id, detail=detail | {"enforced": part.value})
        self._put(list_id, self.with_event(life, event, _BY_TIME))
        if level is AgeLevel.CURRENT:
            _log.info("list is current again", list=list_id)
        else:
            _log.error("LIST IS OLD", list=list_id, enforced=part.value, **detail)

    def with_event(self, life: ListLife, event: Event, actor: Actor) -> ListLife:
        """The life with an event that becomes durable together with it."""
        known = self._known.get(event.subject)
        told = with_facts(event, None if known is None else known.source)
        return replace(life, pending=(*life.pending, announcement(told, actor, self._clocks.unix())))

    def _level(self, known: _Known) -> AgeLevel:
        """The level by age. It rises only once this process has tried in vain, and passes to PAST only once this
        process itself has seen updates fail for as long as a warning takes: a wall clock that was wrong at the start
        must not end a list. It falls only with a success.
        """
        before = known.life.age
        ages = ages_of(known.source, known.timers)
        level = level_of(self.age(known.source.id), ages)
        if _RANK[level] < _RANK[before]:
            return level if known.began == known.anchor else before
        if not known.tried:
            return before
        if level is AgeLevel.PAST and self._clocks.monotonic() - known.began < min(
            ages.warned, ages.past or 0.0
        ):
            level = AgeLevel.CRITICAL if ages.critical is not None else AgeLevel.WARNED
        return max(level, before, key=_RANK.__getitem__)

    def _read(self, source: ListSource) -> _Known:
        now, life = self._clocks.monotonic(), self._with_edits(source.id, self._store.life(source.id))
        if self._store.life_is_lost(source.id):
            _log.error(
                "what people decided about this list is lost, its record is damaged; decide again",
                list=source.id,
            )
        success = self._store.attempt(source.id).success
        passed = 0.0 if success is None else max(0.0, self._clocks.unix() - success)
        known = _Known(source, life, now - passed, now, success is not None, self._timers(source))
        known.ends = self._end_of(life.suspension)
        return known

    def _with_edits(self, list_id: str, life: ListLife) -> ListLife:
        """With the events of edits whose process ended before they were taken over."""
        try:
            return with_notes(life, self._store.edits(list_id).notes)
        except OSError:
            return life

    def _timers(self, source: ListSource) -> Timers | None:
        newest = self._store.newest_for(source)
        return None if newest is None else newest.timers

    def _end_of(self, suspension: Suspension | None) -> float | None:
        if suspension is None or suspension.until is None:
            return None
        whole = suspension.until - suspension.since
        left = min(whole, suspension.until - self._clocks.unix())
        return self._clocks.monotonic() + max(0.0, left)


def _decisions(life: ListLife) -> tuple[object, ...]:
    """What decides what is compiled and enforced."""
    return life.suspension, life.pin, life.erasure is None


_RANK = {level: rank for rank, level in enumerate(AgeLevel)}
