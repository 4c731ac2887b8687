"""How many queries each group of lists has blocked on one day, of which one client counts a few at most: the pages that
statistics are made from.

Rule 1: a page is of one day, one set of groups (``day_groups``) and one life of a worker. A client's share of each of its
numbers is at most what stands in it as ``at-most``.
Rule 2: here are no names of hits and no clients, and nothing is published: control adds noise first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blocklists.model import MAX_BITS
from resolver.runtime.counters import CounterPage, CounterPageError, read_counters

_CORE, _PYTHON = "core:", "python:"
"""Before a group's name in that of the word which the core, or Python, adds to."""
_AT_MOST, _NOT_COUNTED = "at-most", "not-counted"


@dataclass(frozen=True, slots=True)
class DayPage:
    """A page as its reader sees it: of each of the ``hits`` by group ``at_most`` are one client's, and ``not_counted``
    found no room in what bounds them.
    """

    at_most: int
    not_counted: int
    hits: Counter[str]


class DayWords:
    """A page as its writer sees it."""

    def __init__(self, path: Path, names: tuple[str, ...], at_most: int) -> None:
        """A new page for groups of these names. Where the disk gives none, nobody reads what is counted."""
        core = [f"{_CORE}{name}" for name in names]
        core += (f"unused:{number}" for number in range(len(core), MAX_BITS))
        python = (f"{_PYTHON}{name}" for name in names)
        self._page = CounterPage(path, (*core, *python, _AT_MOST, _NOT_COUNTED))
        self._page.set(self._page.slot(_AT_MOST), at_most)

    @property
    def core(self) -> memoryview:
        """The words that the core adds to: 256, the first of them those of the groups."""
        return self._page.words[:MAX_BITS]

    def add(self, group: int) -> None:
        """One more hit of a group, in Python's own word."""
        self._page.add(MAX_BITS + group)

    def tell(self, not_counted: int) -> None:
        """Write down how many hits found no room."""
        self._page.set(self._page.slot(_NOT_COUNTED), not_counted)


def day_path(run: Path, slot: int, day: int, life: str) -> Path:
    """The file of a page: ``day`` in days of Unix time, ``life`` tells pages of one worker and day apart."""
    return run / f"worker-{slot}.day-{day}-{life}.hits"


def days_of(run: Path) -> dict[int, list[Path]]:
    """The pages in the run folder by day."""
    found: dict[int, list[Path]] = {}
    for path in sorted(run.glob("worker-*.day-*-*.hits")):
        day = path.name.partition(".day-")[2].partition("-")[0]
        if day.isascii() and day.isdecimal():
            found.setdefault(int(day), []).append(path)
    return found


def read_day(run: Path, day: int) -> tuple[DayPage, ...]:
    """The pages of a day; those that cannot be read are left out."""
    return tuple(_pages(days_of(run).get(day, [])))


def forget_days(run: Path, before: int) -> None:
    """Remove the pages of days before this one."""
    for day, paths in days_of(run).items():
        for path in paths if day < before else ():
            path.unlink(missing_ok=True)


def _pages(paths: list[Path]) -> Iterator[DayPage]:
    for path in paths:
        try:
            page = read_counters(path)
        except (OSError, CounterPageError):
            continue
        hits: Counter[str] = Counter()
        for name, count in page.items():
            if name.startswith((_CORE, _PYTHON)):
                hits[name.partition(":")[2]] += count
        yield DayPage(page.get(_AT_MOST, 0), page.get(_NOT_COUNTED, 0), hits)
