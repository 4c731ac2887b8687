"""What is asked for today, gathered from the workers' samples while the configuration has them taken."""

from __future__ import annotations

import asyncio
from pathlib import Path

from admin.config import Config
from admin.control.clocks import Clocks
from admin.services.build import worker_count
from admin.services.day_names import DayNames
from admin.services.samples import sampled_names

SAMPLE_LOOK = 60.0
"""Seconds between looks at the samples."""


class Asking:
    """The names of today. In memory only."""

    def __init__(self, run: Path, clocks: Clocks) -> None:
        """``run`` is where the samples lie."""
        self._run, self._clocks = run, clocks
        self._names = DayNames()
        self._due = 0.0

    def ranking(self) -> tuple[str, ...]:
        """What is asked for most; empty if nobody knows."""
        return self._names.ranking()

    async def look(self, config: Config) -> bool:
        """Gather what was sampled since the last look, if it is time to; whether it was."""
        now = self._clocks.monotonic()
        if not config.telemetry.query_sample.one_in or now < self._due:
            return False
        self._due = now + SAMPLE_LOOK
        unix = self._clocks.unix()
        names = await asyncio.to_thread(sampled_names, self._run, worker_count(config), unix - SAMPLE_LOOK)
        self._names.add(names, unix)
        return True
