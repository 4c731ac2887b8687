"""Events on their way to the audit log: kept in the record of the change that they tell of until they are there.

So there is no change without its event, whatever dies when, and no database stands between an operator and the kill
switch. An event may come twice if the process ends between the log and the record; ``change`` in its detail tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from admin.services.announced import Announcement, read_announcement
from blocklists.records import ListLife
from resolver.runtime.logs import get_logger

_log = get_logger("weir.audit")
BATCH = 100
"""Events from which on no further list's are written with them: others wait for the database too."""

Record = Callable[[Sequence[Announcement]], Awaitable[None]]
"""Writes events to the audit log, all or none; any exception means none."""


class Holder(Protocol):
    """What keeps the events (``admin.control.lives.Lives``)."""

    def life(self, list_id: str) -> ListLife:
        """The record that may hold events."""
        ...

    @property
    def leaving(self) -> tuple[str, ...]:
        """Further lists, which are gone, that may hold events."""
        ...

    async def change(self, list_id: str, changed: Callable[[ListLife], ListLife]) -> ListLife:
        """Change the record as it is now, durably. OSError."""
        ...


class Announcer:
    """Carries events from records to the audit log."""

    def __init__(self, record: Record | None) -> None:
        """Without ``record`` there is no audit log: events are logged as lines and then forgotten."""
        self._record = record or _to_the_journal
        self._turn = asyncio.Lock()
        self.problem = ""
        """Why events wait; empty when none does."""

    async def deliver(self, holder: Holder, list_ids: Sequence[str]) -> None:
        """Bring every waiting event of these lists, and of those that are gone, to the log; what cannot be brought now
        stays where it is.
        """
        async with self._turn:  # whoever takes a state into force asks for it too
            await self._deliver(holder, (*list_ids, *holder.leaving))

    async def _deliver(self, holder: Holder, list_ids: Sequence[str]) -> None:
        waiting = {list_id: pending for list_id in list_ids if (pending := holder.life(list_id).pending)}
        for some in _batches(waiting):
            texts = [text for list_id in some for text in waiting[list_id]]
            try:
                await self._record([found for found in map(_decoded, texts) if found is not None])
                for list_id in some:
                    await holder.change(list_id, partial(_without, told=len(waiting[list_id])))
            except Exception as error:
                # Whatever a database raises: the event is safe where it is, and the next step tries again.
                self._tell(f"events wait for the audit log ({type(error).__name__})")
                return
        self.problem = ""

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            _log.error("the audit log cannot be written; events are kept and tried again", reason=problem)
        self.problem = problem


def _batches(waiting: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """The lists in their order, those together whose events make one transaction."""
    batch: list[str] = []
    for list_id in waiting:
        batch.append(list_id)
        if sum(len(waiting[each]) for each in batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _without(life: ListLife, told: int) -> ListLife:
    return replace(life, pending=life.pending[told:])


async def _to_the_journal(announcements: Sequence[Announcement]) -> None:
    for item in announcements:
        event = item.event
        _log.info(
            "event", kind=event.kind.value, subject=event.subject, by=f"{item.actor.kind}:{item.actor.id}"
        )


def _decoded(text: str) -> Announcement | None:
    found = read_announcement(text)
    if found is None:
        _log.error("an event could not be read back and is lost")
    return found
