"""How often lists have spoken: looked at regularly, so that hours can be told apart. One look at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from admin.config import Config
from admin.control.clocks import Clocks
from admin.services.hits import HitHistory, HitReport


class HitLooks:
    """Owns the history of hits. For one event loop."""

    def __init__(self, run: Path, clocks: Clocks) -> None:
        """``run`` is where the workers count."""
        self._run, self._clocks = run, clocks
        self._history, self._looking = HitHistory(), asyncio.Lock()

    async def look(self) -> None:
        """Take the counts of this moment down."""
        async with self._looking:
            await asyncio.to_thread(self._history.look, self._run, self._clocks.unix())

    async def report(self, config: Config, list_id: str) -> HitReport:
        """How often a list of the configuration has spoken."""
        await self.look()
        async with self._looking:
            now = self._clocks.unix()
            return await asyncio.to_thread(self._history.report, config, list_id, self._run, now)
