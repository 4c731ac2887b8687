"""Reports of the last month and year beside the public log: looked for now and then, written by a process of their own.

Whatever becomes of it, nothing else waits for it; what failed is said once and tried again.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from admin.control.clocks import Clocks
from admin.control.errand import Errand
from resolver.runtime.tasks import spawn

LOOK = 3_600.0
"""Seconds between looks: the report of a month may be there an hour after it can be."""
PATIENCE = 3_600.0
"""Seconds that a look may take; a log of ten million leaves takes half of it."""


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
        self._errand = Errand("the transparency reports cannot be written", PATIENCE, "transparency reports")

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
        await self._errand.run(self._command)
