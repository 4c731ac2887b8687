"""Ages and suspensions under clocks that jump."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from admin.control.clocks import Clocks
from admin.control.lives import Lives
from blocklists.enforcement import Enforced
from blocklists.list_store import ListStore
from blocklists.model import Kind, ListSource
from blocklists.properties import Handling, StalePolicy
from blocklists.records import AgeLevel, Attempt, ListState, Suspension

HOUR = 3600.0
DAY = 24 * HOUR
HOTLINE = ListSource(
    "hotline", "https://h.example/l", "domains", Kind.ILLEGAL, handling=Handling(stale=StalePolicy.DROP)
)
BETS = ListSource("bets", "https://b.example/l", "domains", Kind.CATEGORY, categories=("gambling",))


class Box:
    """A process with its clocks; ``start`` is another start of it."""

    def __init__(self, folder: Path) -> None:
        self.store = ListStore(folder)
        self.unix, self.monotonic = 1_800_000_000.0, 50.0
        self.lives = Lives(self.store, Clocks(lambda: self.unix, lambda: self.monotonic))

    def start(self, *sources: ListSource) -> None:
        self.lives = Lives(self.store, Clocks(lambda: self.unix, lambda: self.monotonic))
        self.lives.follow(sources)

    def synced(self, *sources: ListSource) -> None:
        for source in sources:
            self.store.note(source.id, Attempt(self.unix, ListState.ACCEPTED, success=self.unix))
            self.lives.confirmed(source.id)

    def pass_time(self, seconds: float) -> None:
        self.unix += seconds
        self.monotonic += seconds

    async def level(self, source: ListSource) -> AgeLevel:
        """After an attempt that failed."""
        self.lives.tried(source.id)
        await self.lives.advance()
        return self.lives.life(source.id).age


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


async def test_a_list_grows_old_step_by_step_and_is_current_again(box: Box) -> None:
    box.start(HOTLINE)
    box.synced(HOTLINE)
    seen = []
    for hours in (1, 2, 71, 72):
        box.pass_time(hours * HOUR - (box.lives.age("hotline") or 0.0))
        with capture_logs() as logs:
            seen.append((await box.level(HOTLINE), box.lives.enforced().get("hotline"), len(logs)))
    assert seen == [
        (AgeLevel.CURRENT, None, 0),
        (AgeLevel.WARNED, None, 1),
        (AgeLevel.WARNED, None, 0),
        (AgeLevel.PAST, Enforced.NOTHING, 1),
    ]
    box.synced(HOTLINE)
    assert await box.lives.advance()
    assert (box.lives.life("hotline").age, box.lives.enforced()) == (AgeLevel.CURRENT, {})
    assert len(box.lives.life("hotline").pending) == 3


@pytest.mark.parametrize("jump", [-1e9, -DAY, DAY, 1e9])
async def test_a_clock_that_is_set_makes_no_list_old_or_young(box: Box, jump: float) -> None:
    box.start(HOTLINE)
    box.synced(HOTLINE)
    box.pass_time(3 * HOUR)
    box.unix += jump
    assert await box.level(HOTLINE) is AgeLevel.WARNED
    assert box.lives.age("hotline") == 3 * HOUR
    box.pass_time(70 * HOUR)
    assert await box.level(HOTLINE) is AgeLevel.PAST


@pytest.mark.parametrize("jump", [-1e9, 1e9])
async def test_a_clock_that_was_wrong_at_the_start_ends_no_list_at_once(box: Box, jump: float) -> None:
    box.start(HOTLINE)
    box.synced(HOTLINE)
    box.unix += jump
    box.start(HOTLINE)
    assert await box.level(HOTLINE) is not AgeLevel.PAST
    assert box.lives.enforced() == {}


async def test_a_list_that_is_really_old_ends_once_this_process_has_tried_for_long_enough(box: Box) -> None:
    box.start(HOTLINE)
    box.synced(HOTLINE)
    box.pass_time(5 * DAY)
    box.start(HOTLINE)
    assert not await box.lives.advance()  # nobody has tried yet
    assert await box.level(HOTLINE) is AgeLevel.CRITICAL
    box.pass_time(2 * HOUR)
    assert await box.level(HOTLINE) is AgeLevel.PAST
    box.start(HOTLINE)  # what ended stays so over a restart
    assert box.lives.enforced() == {"hotline": Enforced.NOTHING}
    assert await box.level(HOTLINE) is AgeLevel.PAST


async def test_lists_that_are_no_illegal_content_go_on_by_default(box: Box) -> None:
    box.start(BETS)
    box.synced(BETS)
    box.pass_time(1000 * DAY)
    assert await box.level(BETS) is AgeLevel.WARNED
    assert box.lives.enforced() == {}


async def test_a_list_that_was_never_loaded_is_not_old(box: Box) -> None:
    box.start(BETS)
    box.pass_time(1000 * DAY)
    assert await box.level(BETS) is AgeLevel.CURRENT
    assert box.lives.age("bets") is None


@pytest.mark.parametrize(
    ("away", "jump", "still"),
    [
        (HOUR, 0.0, True),
        (3 * HOUR, 0.0, False),
        (HOUR, -1e9, True),  # the clock of the box was lost: the whole time again, and no more
        (HOUR, 1e9, False),
    ],
)
async def test_a_suspension_over_a_restart(box: Box, away: float, jump: float, still: bool) -> None:
    box.start(BETS)
    suspension = Suspension(box.unix, box.unix + 2 * HOUR, "why", "who")
    await box.lives.change("bets", lambda life: replace(life, suspension=suspension))
    box.pass_time(away)
    box.unix += jump
    box.start(BETS)
    await box.lives.advance()
    assert (box.lives.enforced() == {"bets": Enforced.NOTHING}) is still
    box.pass_time(2 * HOUR)
    await box.lives.advance()
    assert box.lives.enforced() == {}
    assert box.lives.next_end() is None


async def test_a_damaged_record_is_said_and_the_list_is_enforced(box: Box) -> None:
    box.start(BETS)
    suspension = Suspension(box.unix, None, "why", "who")
    await box.lives.change("bets", lambda life: replace(life, suspension=suspension))
    (path,) = box.store._directory.glob("bets/life.json")
    path.write_bytes(path.read_bytes()[:-3])
    with capture_logs() as logs:
        box.start(BETS)
    assert "what people decided about this list is lost" in logs[0]["event"]
    assert box.lives.enforced() == {}


async def test_lists_that_share_a_category_are_compiled_without(box: Box) -> None:
    other = replace(BETS, id="other")
    box.start(BETS, other, HOTLINE)
    suspension = Suspension(box.unix, None, "why", "who")
    for list_id in ("bets", "hotline"):
        await box.lives.change(list_id, lambda life: replace(life, suspension=suspension))
    assert box.lives.left_out() == {"bets"}


async def test_a_full_disk_changes_nothing(box: Box, monkeypatch: Any) -> None:
    box.start(BETS)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(box.store, "decide", full)
    suspension = Suspension(1.0, None, "why", "who")
    with pytest.raises(OSError, match="No space left"):
        await box.lives.change("bets", lambda life: replace(life, suspension=suspension))
    assert box.lives.enforced() == {}
    box.synced(BETS)
    box.pass_time(3 * HOUR)
    box.lives.tried("bets")
    with pytest.raises(OSError, match="No space left"):
        await box.lives.advance()
    monkeypatch.undo()
    await box.lives.advance()
    assert box.lives.life("bets").age is AgeLevel.WARNED
