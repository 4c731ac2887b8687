"""The events that wait for the log, a page at a time. Nothing is decided here but which come next (``log_draining``)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from admin.audit.facts import Recorded
from admin.control.log_draining import Drained, drain

if TYPE_CHECKING:
    from admin.store.log import StoreLedger

PAGE = 1_000
"""Events that are read at once."""


class LogFeed:
    """Where the log is in the queue of events. For one user."""

    def __init__(self, batch: int, now: Callable[[], float]) -> None:
        """At most ``batch`` events at once; ``now`` gives Unix seconds."""
        self._batch, self._now = batch, now
        self._rows: deque[Recorded] = deque()
        """Read already, and behind the cursor."""
        self._page_was_full = False
        self.cursor = 0
        """The last event that was looked at; may be ahead of the lock row by events that are never told."""

    def restart(self, cursor: int) -> None:
        """Begin behind this event."""
        self.cursor = cursor
        self._rows.clear()

    async def next(self, ledger: StoreLedger, actor_key: bytes, *, hold: bool) -> tuple[Drained, bool]:
        """The next batch, and whether more wait behind it. LogStoppedError."""
        if len(self._rows) < self._batch:  # behind those that are held there may be others by now
            found = await ledger.waiting(self._rows[-1].sequence if self._rows else self.cursor, PAGE)
            self._rows.extend(found)
            self._page_was_full = len(found) == PAGE
        rows = list(islice(self._rows, self._batch))
        drained = drain(rows, actor_key, after=self.cursor, now=self._now(), hold=hold)
        self.cursor = drained.upto
        while self._rows and self._rows[0].sequence <= self.cursor:
            self._rows.popleft()
        return drained, not drained.is_held and (bool(self._rows) or self._page_was_full)
