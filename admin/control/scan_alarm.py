"""The alarm that clients walk through secret lists: one line and one audit event when it begins, with their number only.

Who they are is known nowhere; it takes no action against anybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from admin.audit.events import Event, EventKind
from admin.control.clocks import Clocks
from admin.control.storage import Storage
from admin.services.actors import Actor, ActorKind
from admin.services.scanning import NOBODY_SCANS, scanning_of
from resolver.runtime.logs import get_logger

SCAN_LOOK = 1.0
"""Seconds between looks at the workers' numbers, at least: the workers set them so often."""

_BY_TIME = Actor.of_the_box(ActorKind.SCHEDULE, "control")
_log = get_logger("weir.control")


class ScanAlarm:
    """Follows the workers' numbers."""

    def __init__(self, run: Path, storage: Storage, clocks: Clocks) -> None:
        """``run`` is where the counter pages lie; events go to ``storage``."""
        self._run, self._storage, self._clocks = run, storage, clocks
        self._due = 0.0
        self.now = NOBODY_SCANS
        """What was found last."""

    async def look(self, processes: Iterable[str]) -> None:
        """Read the pages of these processes, if it is time to; tell if a client is over the threshold where none was."""
        now = self._clocks.monotonic()
        if now < self._due:
            return
        self._due = now + SCAN_LOOK
        before, self.now = self.now, await asyncio.to_thread(scanning_of, self._run, tuple(processes))
        if self.now.clients and not before.clients:
            await self._tell(self.now.clients)

    async def _tell(self, clients: int) -> None:
        _log.warning("clients walk through secret lists", clients=clients)
        event = Event(EventKind.LIST_SCANNED, "", detail={"clients": clients})
        await self._storage.note(event, _BY_TIME, self._clocks.unix())
