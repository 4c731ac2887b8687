"""What a worker counts for statistics: today's hits, of which each client counts a few times at most.

A client's part is bounded by a clamp (``core/src/clamp.h``) whose random key is nowhere else and goes with its day. Hits
are never refused or delayed by it, and what finds no room is only not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from secrets import token_bytes
from threading import Lock

from resolver.answer.decision import Spoken
from resolver.answer.generation import Generation
from resolver.core.native import CLAMP_KEY_BYTES, Clamp
from resolver.day_groups import Groups, groups_of
from resolver.day_hits import DayWords, day_path, forget_days
from resolver.hits import KEPT_PAGES

MOST_OF_A_CLIENT = 10
"""Hits of a group a day by which one client may move a number, all workers of a box together (3.13: C)."""
DAYS_KEPT = 3
"""Days whose pages wait for control."""
_LIFE_OCTETS = 6


@dataclass(frozen=True, slots=True)
class Counted:
    """Where the hits of one day are counted, by these groups."""

    groups: Groups
    day: int
    words: DayWords
    clamp: Clamp


class DayKeeper:
    """The pages of one worker; it follows generations and days."""

    def __init__(self, run: Path, slot: int, random: Callable[[int], bytes] = token_bytes) -> None:
        """``random`` gives so many random octets."""
        self._run, self._slot, self._random = run, slot, random
        self._lock = Lock()
        self._pages: list[Counted] = []
        self._current: Counted | None = None

    def page(self, generation: Generation, day: int) -> Counted:
        """Where hits of this day (of Unix time) are counted under this generation. For any thread."""
        groups = groups_of(generation)
        with self._lock:
            for page in self._pages:
                if (page.groups, page.day) == (groups, day):
                    return page
            page = self._new(groups, day, generation.view.tables.resolver.workers)
            self._pages = [page, *(kept for kept in self._pages if kept.day == day)][:KEPT_PAGES]
            return page

    def use(self, generation: Generation, day: int) -> None:
        """Decisions are made under this generation, and count for this day, from now on."""
        self._current = self.page(generation, day)

    def spoken(self, spoken: Spoken) -> None:
        """Count a query that Python has answered."""
        current = self._current
        if current is None:
            return
        client = ip_address(spoken.client.partition("%")[0]).packed
        for group in current.groups.of_mask(spoken.bits):
            if current.clamp.admit(client, group):
                current.words.add(group)

    def tidy(self) -> None:
        """Tell what found no room; to be called now and then."""
        if self._current is not None:
            self._current.words.tell(self._current.clamp.full)

    def _new(self, groups: Groups, day: int, workers: int) -> Counted:
        forget_days(self._run, day - DAYS_KEPT)
        most = share_of(workers)
        path = day_path(self._run, self._slot, day, self._random(_LIFE_OCTETS).hex())
        return Counted(
            groups, day, DayWords(path, groups.names, most), Clamp(self._random(CLAMP_KEY_BYTES), most)
        )


def share_of(workers: int) -> int:
    """How often a client counts at each of so many workers; with more of them than MOST_OF_A_CLIENT the bound grows,
    and whoever publishes says so.
    """
    return max(1, MOST_OF_A_CLIENT // max(1, workers))
