"""The public log's page for people, made anew whenever the log has moved on: by a process of its own, so that no append and
no decision waits for it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from admin.api.appliance import LogCondition
from admin.config import Config
from admin.control.errand import Errand
from admin.services.place import Place

LOOK = 2.0
"""Seconds between looks whether the log has moved."""
EVERY = 30.0
"""Seconds between two pages: a second of one processor's time each, at the least urgent."""
PATIENCE = 3_600.0
"""Seconds that a page may take: one of a log whose sums are lost reads all of it."""

Said = tuple[object, ...]


class LogPage:
    """Keeps the page up with the log."""

    def __init__(
        self,
        config: Callable[[], Config],
        condition: Callable[[], LogCondition],
        errand: Errand | None = None,
    ) -> None:
        """``config`` gives the configuration in force, ``condition`` how far the log has come."""
        self._config, self._condition = config, condition
        self._errand = errand or Errand("the page of the public log cannot be written", PATIENCE)

    async def run(self, every: float = EVERY, look: float = LOOK) -> None:
        """Until cancelled."""
        shown: Said = ()
        while True:
            now = self._said()
            if now == shown or not self._condition().size:
                await asyncio.sleep(look)
                continue
            await self._errand.run(self._command())
            shown = now  # one that fails is tried again when the log moves on
            await asyncio.sleep(every)

    def _said(self) -> Said:
        """What the page says: another one is due when it is another."""
        condition = self._condition()
        return condition.origin, condition.size, *self._command()

    def _command(self) -> list[str]:
        config = self._config()
        place, gateway = Place(config.data_dir), config.gateway
        told = {
            "name": gateway.provider,
            "contact": gateway.contact,
            "policy": gateway.policy_url,
            "address": config.audit.url,
        }
        command = [
            sys.executable,
            "-m",
            "admin.audit.site",
            "--log",
            str(place.log),
            "--work",
            str(place.log_page),
        ]
        return [*command, *(f"--{option}={value}" for option, value in told.items() if value)]
