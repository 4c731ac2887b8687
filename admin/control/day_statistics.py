"""Each day's statistics: when a day is over its counters get their noise, once, and become an event that the public log
tells. The counters are removed then; what they really said is known to nobody any more.

A day whose event cannot be kept yet keeps its counters, and waits as long as the workers keep them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from admin.audit.events import Detail, Event, EventKind
from admin.audit.facts import COUNT
from admin.audit.noise import Below, Noise
from admin.control.clocks import Clocks
from admin.control.storage import Storage
from admin.services.actors import Actor, ActorKind
from resolver.day_hits import DayPage, days_of, forget_days, read_day
from resolver.runtime.logs import get_logger

DAY = 86_400
LOOK = 60.0
"""Seconds between looks at the clock."""
REST = 120
"""Seconds after midnight in which workers go over to the new day's counters."""
EPSILON = Fraction(1)
"""What a day's number of one group may tell about one client."""
FLOOR = 50
"""Numbers below are not told (3.13: k)."""

_BY_TIME = Actor.of_the_box(ActorKind.SCHEDULE, "control")
_log = get_logger("weir.control")


class DayStatistics:
    """Follows the days."""

    def __init__(self, run: Path, storage: Storage, clocks: Clocks, below: Below = secrets.randbelow) -> None:
        """``run`` is where the workers' pages lie; events go to ``storage``; ``below`` is the randomness of the noise."""
        self._run, self._storage, self._clocks, self._below = run, storage, clocks, below
        self._due = 0.0
        self._failed = False

    async def look(self) -> bool:
        """Tell the days that are over, if it is time to; whether there was one. A disk that takes nothing is said once."""
        if self._clocks.monotonic() < self._due:
            return False
        self._due = self._clocks.monotonic() + LOOK
        try:
            found = await self._tell()
        except OSError as error:
            if not self._failed:
                _log.error("statistics of a day wait", reason=error.strerror or str(error))
            self._failed = True
            return False
        self._failed = False
        return found

    async def _tell(self) -> bool:
        today = int(self._clocks.unix() - REST) // DAY
        finished = [day for day in sorted(await asyncio.to_thread(days_of, self._run)) if day < today]
        for day in finished:
            pages = await asyncio.to_thread(read_day, self._run, day)
            if pages:
                event = event_of(day, pages, self._below)
                # The mark lets only the first draw of a day be written: a second one would uncover what noise hides.
                await self._storage.note(event, _BY_TIME, self._clocks.unix(), mark=f"stats-{event.subject}")
                lost = sum(page.not_counted for page in pages)
                _log.info("statistics of a day", day=event.subject, groups=len(_sum(pages)), not_counted=lost)
        if finished:
            await asyncio.to_thread(forget_days, self._run, finished[-1] + 1)
        return bool(finished)


def event_of(day: int, pages: Iterable[DayPage], below: Below) -> Event:
    """The event of a day (of Unix time): noise is drawn here. A client is bounded by what all pages allow it together."""
    pages = tuple(pages)
    noise = Noise(sum(page.at_most for page in pages), EPSILON, FLOOR)
    name = datetime.fromtimestamp(day * DAY, UTC).date().isoformat()
    detail: dict[str, Detail] = {"day": name, "c": noise.most, "eps": str(EPSILON), "k": FLOOR}
    for group, count in sorted(_sum(pages).items()):
        detail[f"{COUNT}{group}"] = noise.told(count, below)
    return Event(EventKind.STATS_COUNTED, name, detail=detail)


def _sum(pages: Iterable[DayPage]) -> Counter[str]:
    """Groups without any hit are among them: that they are told or not must not depend on one client."""
    found: Counter[str] = Counter()
    for page in pages:
        found.update(page.hits)
    return found
