"""What events keep of people is erased when it is old enough (``audit.keep_private``); the public log stays as it is."""

from __future__ import annotations

from admin.control.clock_watch import ClockWatch
from admin.control.clocks import Clocks
from admin.control.storage import Storage
from admin.store.errors import StoreError
from resolver.runtime.logs import get_logger

FORGET_LOOK = 3_600.0
"""Seconds between looks for what has become old: years are counted here."""

_log = get_logger("weir.audit")


class Forgetting:
    """Erases by age. What cannot be erased now, for want of the database, is erased another time."""

    def __init__(self, storage: Storage, clocks: Clocks) -> None:
        """Nothing is erased in the first hour: the clock is to be believed first."""
        self._storage, self._clocks = storage, clocks
        self._clock = ClockWatch(clocks)
        self._due = clocks.monotonic() + FORGET_LOOK

    async def look(self, keep: float | None) -> None:
        """Erase what is older than ``keep`` seconds (None: nothing ever is), if it is time to look."""
        now = self._clocks.monotonic()
        if now < self._due:
            return
        self._due = now + FORGET_LOOK
        if not self._clock.is_trusted() or keep is None:
            return
        from admin.services.audit_erasing import erase_old

        try:
            async with self._storage.database.transaction() as transaction:
                done = await erase_old(transaction, self._clocks.unix(), keep)
            if done.events:
                await self._storage.database.fold()
        except StoreError:
            return  # said by whoever keeps the database
        if done.events:
            _log.info("what events kept of people is erased: it was old enough", events=done.events)
