"""Reports of the last month and year beside the public log: looked for now and then, written by a process of their own.

Whatever becomes of it, nothing else waits for it; what failed is said once and tried again.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from admin.control.clocks import Clocks
from resolver.runtime.logs import get_logger
from resolver.runtime.tasks import spawn

LOOK = 3_600.0
"""Seconds between looks: the report of a month may be there an hour after it can be."""
PATIENCE = 3_600.0
"""Seconds that a look may take; a log of ten million leaves takes half of it."""
_LONGEST_WORDS = 500

_log = get_logger("weir.log")


class LogReports:
    """Starts the process (``admin.audit.report``) and hears how it ended."""

    def __init__(self, log: Path, keys: Path, clocks: Clocks, command: Sequence[str] = ()) -> None:
        """``log`` is the served folder, ``keys`` the file of its verifier keys; ``command`` stands in for the process."""
        self._log, self._keys, self._clocks = log, keys, clocks
        self._command = command or (
            sys.executable, "-m", "admin.audit.report", "--log", str(log), "--keys", str(keys),
        )  # fmt: skip
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None
        self._said = ""

    def look(self) -> None:
        """Begin a look if it is time to, and none is under way."""
        now = self._clocks.monotonic()
        if now < self._due or (self._task is not None and not self._task.done()):
            return
        self._due = now + LOOK
        if (self._log / "checkpoint").exists() and self._keys.exists():
            self._task = spawn(self._run(), name="reports")

    async def close(self) -> None:
        """End a look that is under way; what is half written is no report."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
            )
        except OSError as error:
            self._say(f"the process cannot be started: {error.strerror or error}")
            return
        try:
            async with asyncio.timeout(PATIENCE):
                _, words = await process.communicate()
        except TimeoutError:
            self._say("it took too long")
        else:
            self._heard(process.returncode, words.decode(errors="replace").strip()[-_LONGEST_WORDS:])
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _heard(self, status: int | None, words: str) -> None:
        if status:
            self._say(words or f"exit status {status}")
            return
        self._said = ""
        for line in words.splitlines():
            _log.info("transparency reports", message=line)

    def _say(self, problem: str) -> None:
        if problem != self._said:
            _log.error("the transparency reports cannot be written", problem=problem)
        self._said = problem
