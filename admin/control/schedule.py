"""When each list is due. Pure: times are seconds of one monotonic clock, randomness is an argument.

Jitter keeps a thousand boxes that were started together from asking a list's server together.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

FIRST_RETRY = 60.0
"""Seconds after a first failure; doubled for each further one, up to the list's own ``refresh``."""
JITTER = 0.1
"""A wait is stretched by up to this share."""
CALL_GAP = 0.5
"""Seconds between two looks at one list that others called for: a flood of calls is two looks a second."""
_ENOUGH_DOUBLINGS = 20


class Randomness(Protocol):
    """``random.Random``, or what a test puts in its place."""

    def random(self) -> float:
        """A number from 0 to 1."""
        ...


@dataclass(slots=True)
class _Entry:
    refresh: float
    due: float
    retry: float
    """The longest wait after a failure."""
    failures: int = 0
    called: float = -math.inf
    """The moment of the last look that somebody called for."""
    is_called: bool = False
    """That look has not begun."""


class Schedule:
    """The next moment of every list."""

    def __init__(self, randomness: Randomness) -> None:
        """Knows no list yet."""
        self._randomness = randomness
        self._entries: dict[str, _Entry] = {}

    def put(self, list_id: str, refresh: float, *, due: float) -> None:
        """Follow a list that is to be tried at ``due``, then every ``refresh`` seconds; its failures are forgotten."""
        self._entries[list_id] = _Entry(refresh, due, retry=refresh)

    def keep_pace(self, list_id: str, refresh: float, retry: float) -> None:
        """From the next attempt on, try every ``refresh`` seconds, after a failure within ``retry`` at the latest."""
        if (entry := self._entries.get(list_id)) is not None:
            entry.refresh, entry.retry = refresh, retry

    def call(self, list_id: str, now: float) -> None:
        """Somebody says that there is something new: look at once, or CALL_GAP after the last such look.

        A call during an attempt is for the one after it. Lists that are not followed stay so.
        """
        entry = self._entries.get(list_id)
        if entry is None or entry.is_called:
            return
        entry.called = max(now, entry.called + CALL_GAP)
        entry.due = min(entry.due, entry.called)
        entry.is_called = True

    def begun(self, list_id: str) -> None:
        """An attempt begins: whatever was called for before is what it will see."""
        if (entry := self._entries.get(list_id)) is not None:
            entry.is_called = False

    def keep_only(self, list_ids: set[str]) -> None:
        """Forget lists that are no longer configured."""
        self._entries = {list_id: entry for list_id, entry in self._entries.items() if list_id in list_ids}

    def due(self, now: float) -> set[str]:
        """The lists whose moment has come."""
        return {list_id for list_id, entry in self._entries.items() if entry.due <= now}

    def next_due(self, besides: Collection[str] = ()) -> float | None:
        """The earliest moment of any list that is not among those ``besides``."""
        return min((entry.due for name, entry in self._entries.items() if name not in besides), default=None)

    def moment(self, list_id: str) -> float | None:
        """When a list is due; None for one that is not followed."""
        entry = self._entries.get(list_id)
        return None if entry is None else entry.due

    def tried(self, list_id: str, now: float, *, succeeded: bool) -> None:
        """An attempt ended. Lists that were forgotten meanwhile stay forgotten."""
        entry = self._entries.get(list_id)
        if entry is None:
            return
        entry.failures = 0 if succeeded else min(entry.failures + 1, _ENOUGH_DOUBLINGS)
        wait = entry.refresh
        if not succeeded:
            wait = min(entry.refresh, entry.retry, FIRST_RETRY * 2.0 ** (entry.failures - 1))
        entry.due = now + wait * (1 + JITTER * self._randomness.random())
        if entry.is_called:
            entry.due = min(entry.due, entry.called)
