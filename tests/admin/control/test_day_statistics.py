"""A day's statistics: once, with noise by what one client may have counted, and nothing left of the true numbers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from admin.audit.publication import public_part
from admin.control.clocks import Clocks
from admin.control.day_statistics import DAY, FLOOR, LOOK, REST, DayStatistics, event_of
from resolver.day_hits import DayPage, DayWords, day_path, days_of
from resolver.tlog.leaf_types import LeafType

TODAY = 20_500  # 2026-02-16
GROUPS = ("gambling", "illegal-and-security", "social")


class Notes:
    """In place of the storage."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.marks: list[str] = []
        self.error: OSError | None = None

    async def note(self, event: Any, _actor: Any, _at: float, mark: str = "") -> None:
        if self.error is not None:
            raise self.error
        self.events.append((event.kind.value, event.subject, dict(event.detail)))
        self.marks.append(mark)


def page(run: Path, day: int, hits: int, life: str = "a1", slot: int = 0, most: int = 5) -> None:
    words = DayWords(day_path(run, slot, day, life), GROUPS, most)
    words.core[0] += hits
    words.core[2] += 10 * hits
    words.add(2)


def build(run: Path, notes: Notes, now: list[float]) -> DayStatistics:
    clocks = Clocks(unix=lambda: now[0], monotonic=lambda: now[0])
    return DayStatistics(run, notes, clocks, Random(7).randrange)  # type: ignore[arg-type]  # has what is used


async def test_a_day_is_told_once_it_is_over_and_its_counters_go(tmp_path: Path) -> None:
    notes, now = Notes(), [TODAY * DAY + REST - 1.0]
    page(tmp_path, TODAY - 1, 1_000)
    page(tmp_path, TODAY - 1, 2_000, slot=1, life="b2")
    page(tmp_path, TODAY, 77)
    statistics = build(tmp_path, notes, now)
    assert not await statistics.look()  # workers may still count for yesterday
    now[0] += LOOK
    assert await statistics.look()
    assert not await statistics.look()
    ((kind, day, detail),) = notes.events
    assert (kind, day, detail["c"], detail["eps"], detail["k"]) == (
        "stats.counted",
        "2026-02-15",
        10,
        "1",
        FLOOR,
    )
    assert abs(detail["count_gambling"] - 3_000) < 200
    assert abs(detail["count_social"] - 30_002) < 200
    assert detail["count_illegal-and-security"] is None
    assert list(days_of(tmp_path)) == [TODAY]
    assert notes.marks == ["stats-2026-02-15"]


async def test_a_day_that_cannot_be_kept_waits(tmp_path: Path) -> None:
    notes, now = Notes(), [TODAY * DAY + REST + 0.0]
    page(tmp_path, TODAY - 1, 1_000)
    statistics = build(tmp_path, notes, now)
    notes.error = OSError(28, "No space left on device")
    assert not await statistics.look()
    notes.error = None
    now[0] += LOOK
    assert await statistics.look()
    assert len(notes.events) == 1


async def test_days_without_counters_are_not_told(tmp_path: Path) -> None:
    notes = Notes()
    day_path(tmp_path, 0, TODAY - 2, "aa").write_bytes(b"torn")
    assert await build(tmp_path, notes, [TODAY * DAY + REST + 0.0]).look()
    assert notes.events == []
    assert not days_of(tmp_path)


def test_more_counters_mean_more_noise() -> None:
    def spread(most: int) -> int:
        pages = [DayPage(most, 0, Counter({"gambling": 10_000}))]
        told = [
            event_of(TODAY, pages, Random(seed).randrange).detail["count_gambling"] for seed in range(300)
        ]
        return max(abs(int(value or 0) - 10_000) for value in told)

    assert 20 < spread(5) < spread(500)


def test_the_log_tells_of_it() -> None:
    pages = [DayPage(10, 0, Counter({"gambling": 5_000, "none": 0, "": 3}))]
    event = event_of(TODAY, pages, Random(1).randrange)

    class Row:
        sequence, at, kind, actor_kind, actor_id, holder = 1, 0.0, event.kind.value, "schedule", "control", ""
        subject, before, after, reason, detail = (
            event.subject,
            "",
            "",
            "",
            {**event.detail, "change": "stats-x"},
        )

    part = public_part(Row(), bytes(32))
    assert part is not None
    assert part.type is LeafType.STATS
    assert {key: part.facts[key] for key in ("day", "c", "eps", "k")} == {
        "day": "2026-02-16", "c": 10, "eps": "1", "k": 50,
    }  # fmt: skip
    counts = part.facts["counts"]
    assert isinstance(counts, dict)
    assert counts["none"] is None
    assert set(counts) == {"gambling", "none"}
