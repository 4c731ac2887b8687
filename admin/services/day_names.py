"""What is asked for most today, from the sample of queries: counts in bounded memory, never on a disk. Pure.

What comes in is what the sample may show (``samples``): cut to what somebody registered, and asked for several times.
Nobody can be told apart in it, and it is gone with the process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

MOST = 10_000
"""Names of a ranking."""
FEWEST = 100
"""A ranking of fewer names says nothing about a network: then there is none."""
_KEPT = 2 * MOST
_DAY = 86_400


class DayNames:
    """Counts of names, of today and of the day before: right after midnight nothing would be popular."""

    def __init__(self) -> None:
        self._day = 0
        self._today: Counter[str] = Counter()
        self._before: Counter[str] = Counter()

    def add(self, names: Iterable[str], now: float) -> None:
        """Count names that were asked for by ``now`` (Unix seconds).

        When there is no more room, the rarer half is forgotten: what is asked for often is soon back.
        """
        day = int(now // _DAY)
        if day != self._day:
            self._before = self._today if day == self._day + 1 else Counter()
            self._day, self._today = day, Counter()
        for name in names:
            self._today[name] += 1
            if len(self._today) >= _KEPT:
                self._today = Counter(dict(self._today.most_common(_KEPT // 2)))

    def ranking(self) -> tuple[str, ...]:
        """The names that are asked for most, most often first; empty if too few are known."""
        both = self._today + self._before
        if len(both) < FEWEST:
            return ()
        return tuple(name for name, _ in both.most_common(MOST))
