"""Points in time by number: the earliest first, one per number, in memory bounded by the live ones."""

from __future__ import annotations

import heapq

_SLACK = 64
"""Dead heap items that are tolerated beyond the number of live ones before the heap is rebuilt."""


class Timers:
    """A heap whose outdated items are passed over when they surface, and swept out when they outnumber the live."""

    __slots__ = ("_heap", "_when")

    def __init__(self) -> None:
        """Start empty."""
        self._heap: list[tuple[float, int]] = []
        self._when: dict[int, float] = {}

    def __len__(self) -> int:
        """Live timers."""
        return len(self._when)

    def set(self, number: int, when: float) -> None:
        """Let ``number`` be due at ``when``, and no longer at any other time."""
        if self._when.get(number) == when:
            return
        self._when[number] = when
        heapq.heappush(self._heap, (when, number))
        if len(self._heap) > 2 * len(self._when) + _SLACK:
            self._sweep()

    def clear(self, number: int) -> None:
        """Let ``number`` never be due."""
        self._when.pop(number, None)
        if len(self._heap) > 2 * len(self._when) + _SLACK:
            self._sweep()

    def next(self) -> float | None:
        """When the earliest is due; None if there is none."""
        heap = self._heap
        while heap:
            when, number = heap[0]
            if self._when.get(number) == when:
                return when
            heapq.heappop(heap)
        return None

    def take_due(self, now: float) -> list[int]:
        """Remove and return the numbers that are due, earliest first."""
        due: list[int] = []
        while (when := self.next()) is not None and when <= now:
            _, number = heapq.heappop(self._heap)
            del self._when[number]
            due.append(number)
        return due

    def _sweep(self) -> None:
        self._heap = [(when, number) for number, when in self._when.items()]
        heapq.heapify(self._heap)
