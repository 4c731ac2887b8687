"""What people decide about lists: suspend, resume, roll back, release. Each is durable with its event, then in force.

The record is written first and the data plane follows, so whatever dies in between, the next start does what was
decided. Nothing here waits for a compilation or a fetch that is running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, replace

from admin.api.list_life import Decided, KeptVersion, VersionDifference
from admin.audit.events import Detail, Event, EventKind, digest_of
from admin.audit.facts import SECOND_HOLDER
from admin.control.clocks import Clocks
from admin.control.differing import difference_of, may_see_names
from admin.control.erasure import Wish, agreed
from admin.control.lives import Lives
from admin.services.actors import Actor, Permission, require
from admin.services.errors import ConflictError, InvalidError, Mistake
from admin.services.find_list import find_list
from admin.services.reasons import reason_in
from blocklists.entry_life import EntryLives, ReviewPart
from blocklists.gates import SHORTEST_DIGEST
from blocklists.ledger import Since
from blocklists.list_store import ListStore, ReleaseError
from blocklists.model import Confidentiality, ListSource
from blocklists.records import Approval, ListLife, Pin, Suspension
from blocklists.versions import RollbackError
from resolver.runtime.logs import get_logger

_log = get_logger("weir.lists")


@dataclass(frozen=True, slots=True)
class Effects:
    """How decisions come into force."""

    sources: Callable[[], Iterable[ListSource]]
    """The lists of the configuration in force."""
    enforce: Callable[[], Awaitable[bool]]
    """Publish what is enforced now; False if that is to be tried again."""
    holds: Callable[[str], bool]
    """Whether nothing is left to be compiled of a list."""
    refetch: Callable[[str], int]
    """Begin to update a list, if no update is running; the number that its attempts have when that has ended."""
    generation: Callable[[], int | None]
    problem: Callable[[], str]
    """Why the newest state could not be published; empty when it was."""


class Decisions:
    """Implements ``admin.api.list_life.ListActions``."""

    def __init__(
        self, store: ListStore, entries: EntryLives, lives: Lives, clocks: Clocks, effects: Effects
    ) -> None:
        """Decides nothing by itself."""
        self._store, self._entries, self._lives = store, entries, lives
        self._clocks, self._effects = clocks, effects

    async def suspend(self, actor: Actor, list_id: str, reason: str, until: float | None) -> Decided:
        """As ``ListActions.suspend``."""
        require(actor, Permission.LISTS_WRITE)
        self._source(list_id)
        said, now = reason_in(reason), self._clocks.unix()
        if until is not None and until <= now:
            raise InvalidError([Mistake("until", "this moment is over; name one in the future")])
        suspension = Suspension(now, until, said, _name(actor))

        def changed(life: ListLife) -> ListLife:
            event = Event(
                EventKind.LIST_SUSPENDED,
                list_id,
                _digest(life.suspension),
                _digest(suspension),
                said,
                {"until": until},
            )
            return self._lives.with_event(replace(life, suspension=suspension), event, actor)

        await self._lives.change(list_id, changed)
        return await self._decided(list_id, "Nothing of the list is enforced.")

    async def resume(self, actor: Actor, list_id: str, reason: str) -> Decided:
        """As ``ListActions.resume``."""
        require(actor, Permission.LISTS_WRITE)
        source, said = self._source(list_id), reason_in(reason)
        pinned = await asyncio.to_thread(self._store.pin_for, source) is not None
        erased = self._lives.life(list_id).erasure is not None

        def changed(life: ListLife) -> ListLife:
            if life.erasure is not None:
                return self._licensed_anew(life, source, said, actor)
            if life.suspension is None and not pinned:
                raise ConflictError(f"list {list_id} is neither suspended nor rolled back")
            before = life.suspension or life.pin
            detail = {"rollback_ended": pinned}
            event = Event(EventKind.LIST_RESUMED, list_id, _digest(before), "", said, detail)
            return self._lives.with_event(replace(life, suspension=None, pin=None), event, actor)

        await self._lives.change(list_id, changed)
        if erased:
            self._effects.refetch(list_id)
            return await self._decided(list_id, "The list is fetched anew.")
        words = "The list is enforced again" + (", in its newest version." if pinned else ".")
        return await self._decided(list_id, words)

    async def roll_back(
        self, actor: Actor, list_id: str, reason: str, version: str, *, hold: bool
    ) -> Decided:
        """As ``ListActions.roll_back``."""
        require(actor, Permission.LISTS_WRITE)
        source, said = self._source(list_id), reason_in(reason)
        try:
            chosen, refused = await asyncio.to_thread(self._store.roll_back, source, version)
        except RollbackError as error:
            raise ConflictError(f"list {list_id}: {error}") from error
        pin = Pin(chosen.digest, refused, hold, self._clocks.unix(), said, _name(actor))
        detail: dict[str, Detail] = {"hold": hold}
        if source.confidentiality is not Confidentiality.SECRET:
            detail["entries"] = chosen.counts.entries

        def changed(life: ListLife) -> ListLife:
            event = Event(
                EventKind.LIST_ROLLED_BACK,
                list_id,
                before=refused[0] if refused else "",
                after=chosen.digest,
                reason=said,
                detail=detail,
            )
            return self._lives.with_event(replace(life, pin=pin), event, actor)

        await self._lives.change(list_id, changed)
        until = "it is resumed" if hold else "its source has a newer one than it had"
        words = f"Version {chosen.digest[:SHORTEST_DIGEST]} serves until {until}."
        return await self._decided(list_id, words)

    async def release(self, actor: Actor, list_id: str, reason: str, digest: str) -> Decided:
        """As ``ListActions.release``."""
        require(actor, Permission.LISTS_RELEASE)
        source, said = self._source(list_id), reason_in(reason)
        try:
            _, held = await asyncio.to_thread(self._store.held_as, list_id, digest)
        except ReleaseError as error:
            raise ConflictError(str(error)) from error
        pin = await asyncio.to_thread(self._store.pin_for, source)
        if pin is not None and pin.hold:
            raise ConflictError(f"list {list_id} is rolled back on hold; resume it first")
        needs_two = any(failure.two_persons for failure in held.failures)
        approval = Approval(held.digest, actor.holder, self._clocks.unix(), said)
        life = await self._lives.change(list_id, lambda life: self._approved(life, list_id, approval, actor))
        if needs_two and len({item.holder for item in life.approvals}) < _PERSONS:
            return await self._decided(
                list_id, "Agreed. A second person must release it too: popular names are in this version."
            )
        return await self._let_serve(actor, source, held.digest, said)

    async def erase(self, actor: Actor, list_id: str, reason: str) -> Decided:
        """As ``ListActions.erase``."""
        require(actor, Permission.LISTS_ERASE)
        self._source(list_id)
        wish = Wish(list_id, actor, _name(actor), self._clocks.unix(), reason_in(reason))
        versions = await asyncio.to_thread(self._store.kept_digests, list_id)
        life = await self._lives.change(
            list_id, lambda life: agreed(life, wish, versions, self._lives.with_event)
        )
        if life.erasure is None:
            words = (
                "Agreed. A second person must ask for the same within 24 hours; then it is erased for good."
            )
            return await self._decided(list_id, words)
        return await self._decided(list_id, "Its key is being destroyed, with everything that is kept of it.")

    async def sync(self, actor: Actor, list_id: str) -> int:
        """As ``ListActions.sync``."""
        require(actor, Permission.LISTS_WRITE)
        return self._effects.refetch(self._source(list_id).id)

    async def difference(self, actor: Actor, list_id: str, before: str, after: str) -> VersionDifference:
        """As ``ListActions.difference``."""
        require(actor, Permission.LISTS_READ)
        source = self._source(list_id)
        found = await asyncio.to_thread(difference_of, self._store, self._entries, source, before, after)
        return found if may_see_names(actor, source) else replace(found, names=None)

    async def review(self, actor: Actor, list_id: str, after: int, limit: int) -> ReviewPart:
        """As ``ListActions.review``."""
        require(actor, Permission.LISTS_READ)
        source, now = self._source(list_id), self._clocks.unix()
        if not (may_see_names(actor, source) or source.confidentiality is Confidentiality.SECRET):
            raise ConflictError(f"list {list_id} is not public: send a token")
        part = await asyncio.to_thread(self._entries.review, source, now, after=after, limit=limit)
        if part is None:
            raise ConflictError(
                f"list {list_id} has no review queue: it is secret, has no review_after, or is not loaded yet"
            )
        return part

    async def since(self, actor: Actor, list_id: str, name: str) -> Since | None:
        """As ``ListActions.since``."""
        require(actor, Permission.CHECK)
        return await asyncio.to_thread(self._entries.since, self._source(list_id), name)

    async def versions(self, actor: Actor, list_id: str) -> tuple[KeptVersion, ...]:
        """As ``ListActions.versions``."""
        require(actor, Permission.LISTS_READ)
        return await asyncio.to_thread(self._versions, self._source(list_id))

    def _licensed_anew(self, life: ListLife, source: ListSource, reason: str, actor: Actor) -> ListLife:
        """The life of an erased list that may be had again; ConflictError if it may not yet, or not any more."""
        ends, now = source.handling.licence_ends, self._clocks.unix()
        if life.erasure is None or life.erasure.done is None:
            raise ConflictError(f"list {source.id} is still being erased; try again in a moment")
        if ends is not None and ends <= now:
            raise ConflictError(f"the licence of list {source.id} has ended; change licence_ends first")
        event = Event(EventKind.LIST_RESUMED, source.id, reason=reason, detail={"erasure_ended": True})
        return self._lives.with_event(replace(life, erasure=None), event, actor)

    def _versions(self, source: ListSource) -> tuple[KeptVersion, ...]:
        serving = self._store.serving_for(source)
        is_secret = source.confidentiality is Confidentiality.SECRET
        notes = self._entries.notes(source)
        steps = {step.version: step for step in notes.steps} if notes else {}
        return tuple(
            KeptVersion(
                version,
                None if is_secret else version.counts.entries,
                steps.get(version.digest),
                serves=serving is not None and version.digest == serving.digest,
                text_kept=self._store.has_text(source.id, version.digest),
            )
            for version in self._store.versions(source.id)
            if not self._store.is_closed_to(source, version.digest)
        )

    def _approved(self, life: ListLife, list_id: str, approval: Approval, actor: Actor) -> ListLife:
        """With the approval; those of other versions have lapsed, and one person counts once."""
        kept = tuple(item for item in life.approvals if item.digest == approval.digest)
        if any(item.holder == approval.holder for item in kept):
            return replace(life, approvals=kept)
        event = Event(
            EventKind.LIST_APPROVED,
            list_id,
            after=approval.digest,
            reason=approval.reason,
            detail={"approvals": len(kept) + 1},
        )
        return self._lives.with_event(replace(life, approvals=(*kept, approval)), event, actor)

    async def _let_serve(self, actor: Actor, source: ListSource, digest: str, reason: str) -> Decided:
        now = self._clocks.unix()
        try:
            at_hand = await asyncio.to_thread(self._store.accept_held, source, digest, now=now)
        except ReleaseError as error:  # another version came while two persons made up their minds
            raise ConflictError(str(error)) from error

        def changed(life: ListLife) -> ListLife:
            other = next((item.holder for item in life.approvals if item.holder != actor.holder), "")
            detail = {SECOND_HOLDER: other} if other else {}
            event = Event(EventKind.LIST_RELEASED, source.id, life.announced, digest, reason, detail)
            announced = digest if at_hand else life.announced
            released = replace(life, approvals=(), announced=announced, trouble="")
            return self._lives.with_event(released, event, actor)

        await self._lives.change(source.id, changed)
        if at_hand:
            return await self._decided(source.id, f"Version {digest[:SHORTEST_DIGEST]} serves.")
        self._effects.refetch(source.id)
        return await self._decided(
            source.id, "Released; its text is not kept here, so it serves if the source still has it."
        )

    async def _decided(self, list_id: str, message: str) -> Decided:
        in_force = await self._effects.enforce() and self._effects.holds(list_id)
        _log.warning("decided about a list", list=list_id, outcome=message, in_force=in_force)
        waits = "" if in_force else self._effects.problem()
        return Decided(list_id, message, self._effects.generation(), in_force, waits)

    def _source(self, list_id: str) -> ListSource:
        return find_list(self._effects.sources(), list_id)


_PERSONS = 2


def _digest(decided: Suspension | Pin | None) -> str:
    return "" if decided is None else digest_of(asdict(decided))


def _name(actor: Actor) -> str:
    return f"{actor.kind}:{actor.id}"
