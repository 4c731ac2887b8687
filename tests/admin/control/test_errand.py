"""Programs that control sends: heard when they fail, ended when they take too long, never in the way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from admin.control.errand import Errand
from resolver.runtime.priority import LEAST_URGENT

Command = Callable[[str], list[str]]


@pytest.fixture
def python() -> Command:
    return lambda program: [sys.executable, "-c", program]


async def test_one_that_does_what_it_should(python: Command, tmp_path: Path) -> None:
    with capture_logs() as logs:
        assert await Errand("it is broken", 30).run(python(f"open({str(tmp_path / 'x')!r}, 'w')"))
    assert (tmp_path / "x").exists()
    assert logs == []


async def test_it_is_the_least_urgent_before_it_has_loaded_anything(python: Command) -> None:
    waiting = f"""
import os, time
end = time.monotonic() + 25
while os.nice(0) != {LEAST_URGENT} and time.monotonic() < end:
    time.sleep(0.001)
raise SystemExit(os.nice(0) != {LEAST_URGENT})
"""
    assert await Errand("it is broken", 30).run(python(waiting))


async def test_what_fails_is_said_once(python: Command) -> None:
    errand, failing = Errand("it is broken", 30), python("raise SystemExit('no room on the disk')")
    with capture_logs() as logs:
        assert not await errand.run(failing)
        assert not await errand.run(failing)
        assert await errand.run(python("pass"))
        assert not await errand.run(failing)
    assert [(entry["event"], entry["problem"]) for entry in logs] == [
        ("it is broken", "no room on the disk")
    ] * 2


async def test_one_that_says_nothing_or_cannot_start(python: Command) -> None:
    with capture_logs() as logs:
        assert not await Errand("a", 30).run(python("raise SystemExit(3)"))
        assert not await Errand("b", 30).run(["/nonexistent/program"])
    assert logs[0]["problem"] == "exit status 3"
    assert "cannot be started" in logs[1]["problem"]


async def test_one_that_does_not_end_is_ended(python: Command) -> None:
    with capture_logs() as logs:
        assert not await Errand("it is broken", 0.2).run(python("import time; time.sleep(60)"))
    assert "took longer" in logs[0]["problem"]


async def test_cancelling_ends_it(tmp_path: Path, python: Command) -> None:
    fifo = tmp_path / "begun"
    os.mkfifo(fifo)
    program = f"import os, time; open({str(fifo)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    task = asyncio.ensure_future(Errand("x", 30).run(python(program)))
    number = int(await asyncio.to_thread(fifo.read_text))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
