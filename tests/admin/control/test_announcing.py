"""Events on their way to the audit log: together in one transaction, in order, and none is dropped before it is there."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from admin.audit.events import Event, EventKind
from admin.control.announcing import BATCH, Announcer
from admin.services.actors import Actor, ActorKind
from admin.services.announced import Announcement, announcement
from blocklists.records import ListLife

CONTROL = Actor.of_the_box(ActorKind.SCHEDULE, "control")


class Lives:
    """Records in memory; the disk is full for the lists of ``full``."""

    leaving: tuple[str, ...] = ()

    def __init__(self, **pending: int) -> None:
        self.full: set[str] = set()
        self._lives = {
            name: ListLife(pending=tuple(self._event(name, number) for number in range(count)))
            for name, count in pending.items()
        }

    def _event(self, name: str, number: int) -> str:
        return announcement(Event(EventKind.LIST_STALE, name, reason=str(number)), CONTROL, 1.0)

    def life(self, list_id: str) -> ListLife:
        return self._lives[list_id]

    async def change(self, list_id: str, changed: Callable[[ListLife], ListLife]) -> ListLife:
        if list_id in self.full:
            raise OSError(errno.ENOSPC, "no room")
        self._lives[list_id] = changed(self._lives[list_id])
        return self._lives[list_id]

    def add(self, list_id: str) -> None:
        """Something else happens to a list."""
        life = self._lives[list_id]
        self._lives[list_id] = replace(life, pending=(*life.pending, self._event(list_id, 99)))

    @property
    def waiting(self) -> dict[str, int]:
        return {name: len(life.pending) for name, life in self._lives.items() if life.pending}


class Log:
    """What each transaction wrote."""

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def __call__(self, announcements: Sequence[Announcement]) -> None:
        self.meanwhile()
        self.written.append([f"{item.event.subject} {item.event.reason}" for item in announcements])


async def test_what_waits_is_written_together_and_in_order() -> None:
    log, lives = Log(), Lives(a=1, quiet=0, b=2)
    await Announcer(log).deliver(lives, ["a", "quiet", "b"])
    assert log.written == [["a 0", "b 0", "b 1"]]
    assert lives.waiting == {}


async def test_much_that_waits_is_written_in_parts() -> None:
    log, lives = Log(), Lives(a=1, b=BATCH, c=1)
    await Announcer(log).deliver(lives, ["a", "b", "c"])
    assert [len(part) for part in log.written] == [BATCH + 1, 1]
    assert lives.waiting == {}


async def test_what_is_said_meanwhile_waits_for_the_next_time() -> None:
    log, lives = Log(), Lives(a=1, b=1)
    log.meanwhile = lambda: lives.add("b")
    await Announcer(log).deliver(lives, ["a", "b"])
    assert lives.waiting == {"b": 1}


async def test_nothing_is_dropped_where_it_cannot_be_written() -> None:
    log, lives = Log(), Lives(a=1, b=1)

    def away() -> None:
        raise ConnectionError

    log.meanwhile = away
    announcer = Announcer(log)
    with capture_logs():
        await announcer.deliver(lives, ["a", "b"])
    assert lives.waiting == {"a": 1, "b": 1}
    assert announcer.problem


@pytest.mark.parametrize("full", ["a", "b"])
async def test_what_was_written_and_not_dropped_is_told_again(full: str) -> None:
    log, lives = Log(), Lives(a=1, b=1)
    lives.full = {full}
    announcer = Announcer(log)
    with capture_logs():
        await announcer.deliver(lives, ["a", "b"])
    assert full in lives.waiting
    lives.full = set()
    await announcer.deliver(lives, ["a", "b"])
    assert f"{full} 0" in log.written[1]
    assert (lives.waiting, announcer.problem) == ({}, "")
