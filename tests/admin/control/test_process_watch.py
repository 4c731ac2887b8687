"""Processes that end by themselves leave events: once for each end, whoever of control's lives tells them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from admin.control.clocks import Clocks
from admin.control.process_watch import PROCESS_LOOK, ProcessWatch
from admin.services.process_state import ProcessState, SupervisorState, file_of, write_state

ALIVE = ProcessState("resolver-0", "ready", os.getpid(), 0, "serving")
DEAD = replace(ALIVE, phase="waiting", pid=None, restarts=1, ended="was killed by SIGKILL (9)", ended_at=5.5)
BACK = replace(DEAD, phase="ready", pid=os.getpid())
AGAIN = replace(BACK, restarts=3, ended="ended with status 1", ended_at=9.5)


class Notes:
    """In place of the storage: what it would write, told once by mark."""

    def __init__(self) -> None:
        self.events: dict[str, tuple[str, str, Any]] = {}
        self.actors: set[str] = set()

    async def note(self, event: Any, actor: Any, _at: float, mark: str) -> None:
        self.actors.add(actor.holder)
        self.events.setdefault(mark, (event.kind.value, event.subject, event.detail["how"]))


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([ALIVE], []),
        ([ALIVE, DEAD], [("worker.ended", DEAD.ended)]),
        ([ALIVE, DEAD, DEAD, BACK, BACK], [("worker.ended", DEAD.ended), ("worker.started", DEAD.ended)]),
        ([ALIVE, BACK], [("worker.ended", DEAD.ended), ("worker.started", DEAD.ended)]),
        (
            [BACK, AGAIN],
            [
                ("worker.ended", DEAD.ended),
                ("worker.started", DEAD.ended),
                ("worker.ended", AGAIN.ended),
                ("worker.started", AGAIN.ended),
            ],
        ),
    ],
)
@pytest.mark.parametrize("forgets", [False, True], ids=["one control", "control ends too"])
async def test_each_end_is_told_once(
    tmp_path: Path, states: list[ProcessState], expected: list[tuple[str, str]], forgets: bool
) -> None:
    now, notes = [100.0], Notes()
    clocks = Clocks(unix=lambda: 1.0, monotonic=lambda: now[0])

    def watch() -> ProcessWatch:
        return ProcessWatch(tmp_path, notes, clocks, "edge-1")  # type: ignore[arg-type]  # has the method that is used

    watching = watch()
    for state in states:
        write_state(file_of(tmp_path, "all"), SupervisorState(os.getpid(), (state,)))
        if forgets:
            watching = watch()
        await watching.look()
        await watching.look()  # it is not time to
        now[0] += PROCESS_LOOK
    assert list(notes.events.values()) == [(kind, "resolver-0", how) for kind, how in expected]
    assert notes.actors <= {"supervisor:weir"}


async def test_a_damaged_file_tells_nothing(tmp_path: Path) -> None:
    file_of(tmp_path, "all").write_bytes(b"{")
    notes = Notes()
    clocks = Clocks(unix=lambda: 1.0, monotonic=lambda: 100.0)
    await ProcessWatch(tmp_path, notes, clocks, "edge-1").look()  # type: ignore[arg-type]  # has the method that is used
    assert notes.events == {}
