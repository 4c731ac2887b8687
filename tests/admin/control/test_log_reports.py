"""Control and the process that writes reports: begun when it is time, ended with control, its failures said."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from admin.control.clocks import Clocks
from admin.control.log_reports import LOOK, LogReports


class Runs:
    """A process that notes each start in a file, in place of the real one."""

    def __init__(self, folder: Path, program: str = "") -> None:
        self.now, self.noted = [0.0], folder / "noted"
        log, keys = folder / "log", folder / "log.vkey"
        log.mkdir()
        (log / "checkpoint").touch()
        keys.touch()
        note = f"open({str(self.noted)!r}, 'a').write('x')\n"
        clocks = Clocks(unix=lambda: 0.0, monotonic=lambda: self.now[0])
        self.reports = LogReports(log, keys, clocks, (sys.executable, "-c", note + program))

    async def until_started(self, times: int) -> None:
        async with asyncio.timeout(60):
            while not self.noted.exists() or len(self.noted.read_text()) < times:
                await asyncio.sleep(0.01)


async def test_it_looks_once_an_hour(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    for _ in range(3):
        runs.reports.look()
    await runs.until_started(1)
    async with asyncio.timeout(60):
        while runs.noted.read_text() != "xx":
            runs.now[0] += LOOK
            runs.reports.look()
            await asyncio.sleep(0.01)
    await runs.reports.close()


async def test_it_ends_with_control(tmp_path: Path) -> None:
    runs = Runs(tmp_path, "import time; time.sleep(60)")
    runs.reports.look()
    await runs.until_started(1)
    async with asyncio.timeout(60):
        await runs.reports.close()


async def test_a_failure_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = Runs(tmp_path, "import sys; sys.exit('the log does not verify: leaf 3')")
    for started in (1, 2):
        runs.reports.look()
        await runs.until_started(started)
        task = runs.reports._task
        assert task is not None
        await task
        runs.now[0] += LOOK
    said = capsys.readouterr()
    assert (said.out + said.err).count("leaf 3") == 1


async def test_without_a_log_nothing_is_started(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    (tmp_path / "log" / "checkpoint").unlink()
    runs.reports.look()
    await asyncio.sleep(0)
    assert runs.reports._task is None
    await runs.reports.close()
