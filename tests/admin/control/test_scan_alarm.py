"""The alarm that clients walk through secret lists: once when it begins, with their number and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from admin.control.clocks import Clocks
from admin.control.scan_alarm import SCAN_LOOK, ScanAlarm
from admin.services.actors import Actor
from resolver.counting import WORKER_COUNTERS
from resolver.pages import Page, page_path
from resolver.runtime.counters import CounterPage

PROCESSES = ("resolver-0", "resolver-1", "resolver-2", "gateway")
"""The third worker has no page."""


class Notes:
    """In place of the storage."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []

    async def note(self, event: Any, _actor: Actor, _at: float) -> None:
        self.events.append((event.kind.value, event.subject, dict(event.detail)))


@pytest.fixture
def pages(tmp_path: Path) -> list[CounterPage]:
    return [CounterPage(page_path(tmp_path, slot, Page.PYTHON), WORKER_COUNTERS) for slot in range(2)]


async def test_one_event_on_the_rising_edge(tmp_path: Path, pages: list[CounterPage]) -> None:
    now, notes = [100.0], Notes()
    clocks = Clocks(unix=lambda: 1.0, monotonic=lambda: now[0])
    alarm = ScanAlarm(tmp_path, notes, clocks)  # type: ignore[arg-type]  # a stand-in with the method that is used
    seen = []
    for numbers in ((0, 0), (2, 1), (2, 3), (0, 0), (0, 1)):
        for page, number in zip(pages, numbers, strict=True):
            page.words[page.slot("secret_scanning_clients")] = number
            page.words[page.slot("secret_scanning_displaced")] = 7
        await alarm.look(PROCESSES)
        await alarm.look(())  # it is not time to
        seen.append((alarm.now.clients, alarm.now.displaced))
        now[0] += SCAN_LOOK
    assert seen == [(0, 14), (3, 14), (5, 14), (0, 14), (1, 14)]
    assert notes.events == [("list.scanned", "", {"clients": 3}), ("list.scanned", "", {"clients": 1})]
