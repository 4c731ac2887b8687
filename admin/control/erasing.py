"""Crypto-erase of lists (requirement C4), once it is decided (``erasure``): done until it is done.

The decision is durable first; from then on the list is neither fetched nor compiled. What follows is safe to repeat, so
whatever dies at whatever step, the next start ends it: the list's key is overwritten and removed, its texts and records
go, a state without the list is compiled and published, every older state is removed. Only then the audit log says that
the list is erased, with what was looked at to prove it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from admin.audit.events import Event, EventKind, digest_of
from admin.control.lists import ListKeeper
from admin.services.actors import Actor, ActorKind
from blocklists.records import ListLife
from resolver.runtime.logs import get_logger
from resolver.tables.store import collect_garbage

_log = get_logger("weir.lists")
_BY_CONTROL = Actor.of_the_box(ActorKind.SCHEDULE, "control")


class Eraser:
    """Ends what was begun."""

    def __init__(self, keeper: ListKeeper, state: Path, now: Callable[[], float]) -> None:
        """``state`` is the folder of published generations; ``now`` gives Unix seconds."""
        self._keeper, self._state, self._now = keeper, state, now

    async def destroy(self) -> None:
        """Destroy keys, texts and records of all lists whose erasure has begun. What fails is done at the next call."""
        for list_id in self._keeper.lives.erasing():
            with contextlib.suppress(OSError):
                await self._keeper.erase(list_id)

    async def prove(self) -> None:
        """A state without these lists is in force, compiled by this process: remove the others, look, and say it."""
        for list_id in filter(self._keeper.is_idle, self._keeper.lives.erasing()):
            with contextlib.suppress(OSError):
                await asyncio.to_thread(collect_garbage, self._state, keep=1)
                if await asyncio.to_thread(self._is_gone, list_id):
                    await self._keeper.lives.change(list_id, partial(self._done, list_id))
                    _log.warning("list erased", list=list_id)

    def _is_gone(self, list_id: str) -> bool:
        """Whether nothing of the list is left: no key, no text that opens, no compiled file but the one in force."""
        snapshots = list(self._state.glob("snapshot-*.weir"))
        return self._keeper.store.is_erased(list_id) and len(snapshots) <= 1

    def _done(self, list_id: str, life: ListLife) -> ListLife:
        if life.erasure is None or life.erasure.done is not None:
            return life
        erasure = replace(life.erasure, done=self._now())
        event = Event(
            EventKind.LIST_ERASED,
            list_id,
            before=digest_of(erasure.versions),
            after=digest_of(()),
            reason=erasure.reason,
            detail={
                "versions": len(erasure.versions),
                "key_destroyed": True,
                "texts_left": 0,
                "compiled_without": True,
            },
        )
        return self._keeper.lives.with_event(replace(life, erasure=erasure), event, _BY_CONTROL)
