"""Processes of the box that end by themselves, as events: what the supervisor's file says, told to the audit log.

The supervisor is who acts; it has no way to the database, and goes on when there is none. Each end has a mark of its own,
so that control, which may itself have ended, may tell it again. Nothing here starts or ends a process.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from admin.audit.events import Event, EventKind, digest_of
from admin.control.clocks import Clocks
from admin.control.storage import Storage
from admin.services.actors import Actor, ActorKind
from admin.services.process_state import ProcessState
from admin.services.processes import read_states

PROCESS_LOOK = 2.0
"""Seconds between looks at least: a process that ends again and again waits longer than that between two lives."""
_MARK = 16
_READY = "ready"
_BY_SUPERVISOR = Actor.of_the_box(ActorKind.SUPERVISOR, "weir")


class ProcessWatch:
    """Follows the children of the box's supervisors."""

    def __init__(self, run: Path, storage: Storage, clocks: Clocks, node: str) -> None:
        """``run`` is where supervisors write what they know; events, which name the ``node``, go to ``storage``."""
        self._node, self._run, self._storage, self._clocks = node, run, storage, clocks
        self._due = 0.0
        self._told: dict[str, tuple[float, bool]] = {}
        """By process: which end was told last, and whether it was told that it runs again."""

    async def look(self) -> None:
        """Read what supervisors wrote, if it is time to, and tell what is new."""
        now = self._clocks.monotonic()
        if now < self._due:
            return
        self._due = now + PROCESS_LOOK
        for state in (await asyncio.to_thread(read_states, self._run)).values():
            if state.restarts:
                await self._tell(state)

    async def _tell(self, state: ProcessState) -> None:
        last, is_back = self._told.get(state.name, (None, False))
        is_new, is_ready = state.ended_at != last, state.phase == _READY
        if is_new:
            await self._note(EventKind.WORKER_ENDED, state)
        if is_ready and (is_new or not is_back):
            await self._note(EventKind.WORKER_STARTED, state)
        self._told[state.name] = state.ended_at, is_ready or (is_back and not is_new)

    async def _note(self, kind: EventKind, state: ProcessState) -> None:
        event = Event(
            kind, state.name, detail={"node": self._node, "ends": state.restarts, "how": state.ended}
        )
        mark = digest_of([kind.value, state.name, state.restarts, state.ended_at])[:_MARK]
        await self._storage.note(event, _BY_SUPERVISOR, self._clocks.unix(), mark)
