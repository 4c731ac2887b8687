"""Ledgers brought up to date after what they tell of is in force: one list after the other, in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from admin.control.compiled import Fingerprint
from blocklists.entry_life import EntryLives
from blocklists.model import ListSource
from resolver.runtime.logs import get_logger
from resolver.runtime.tasks import spawn

_log = get_logger("weir.lists")


class Bookkeeping:
    """Follows the versions that serve. A full disk or a bug here costs the ages of entries and nothing else."""

    def __init__(self, entries: EntryLives, now: Callable[[], float]) -> None:
        """``now`` gives Unix seconds."""
        self._entries, self._now = entries, now
        self._running: asyncio.Task[None] | None = None
        self._failed: set[str] = set()
        self._done: Fingerprint = ()

    def begin(self, compiled: Fingerprint) -> None:
        """Bring the ledgers of these lists up to date, unless they are or that is being done."""
        if compiled != self._done and (self._running is None or self._running.done()):
            self._done = compiled
            self._running = spawn(self._follow([source for source, _ in compiled]), name="ledgers")

    def stop(self) -> None:
        """Give up what is being done; it is caught up another time."""
        if self._running is not None:
            self._running.cancel()

    async def _follow(self, sources: Iterable[ListSource]) -> None:
        for source in sources:
            try:
                await asyncio.to_thread(self._entries.follow, source, self._now())
                self._failed.discard(source.id)
            except Exception as error:
                # Only the type is told: what the exception says may be text of the list.
                if source.id not in self._failed:
                    _log.error(
                        "since when entries are listed is not kept",
                        list=source.id,
                        error=type(error).__name__,
                    )
                self._failed.add(source.id)
