"""The self-test as the controller has it: the prober, what it reads of the appliance, and what is measured at publications."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from admin.api.appliance import Condition
from admin.config import Config
from admin.control.clocks import Clocks
from admin.control.enforcements import Enforcements
from admin.control.probe_log import ProbeLog
from admin.control.probe_scene import to_do
from admin.control.probing import Prober
from admin.services.actors import Actor, Permission, require
from admin.services.errors import ConflictError, NotFoundError
from admin.services.find_list import find_list
from admin.services.probes import Report
from blocklists.model import ListSource
from blocklists.sync import ListStore

if TYPE_CHECKING:
    from admin.store.database import Database


class SelfTest:
    """Tests one appliance. ``config`` and ``condition`` (but for the self-test's part) are asked whenever needed."""

    def __init__(
        self,
        clocks: Clocks,
        store: ListStore,
        *,
        config: Callable[[], Config],
        condition: Callable[[], Condition],
        database: Callable[[], Database],
    ) -> None:
        """``database`` gives the open database, or raises UnavailableError."""
        self._clocks, self._config, self._condition = clocks, config, condition
        self._enforcements = Enforcements(store, clocks.unix())
        self._log = ProbeLog(database, clocks)
        self._prober = Prober(clocks, lambda: to_do(config(), condition().lists), self._log)

    async def run(self) -> None:
        """Test what is in force every ``telemetry.selftest``, until cancelled."""
        await self._prober.run(self._pace)

    async def ask(self, actor: Actor, list_id: str) -> Report:
        """As ``Appliance.selftest``."""
        require(actor, Permission.LISTS_WRITE)
        item = find_list(self._config().lists, list_id)
        if not item.canary:
            raise ConflictError(f"list {list_id} has no canary; set `canary` to a harmless name of yours")
        reports = await self._prober.round({list_id}, actor)
        if not reports:
            raise NotFoundError(f"There is no list {list_id[:80]!r} any more")
        return reports[0]

    def published(self, compiled: Collection[tuple[ListSource, str]]) -> None:
        """These versions are in force now."""
        self._log.came_into_force(self._enforcements.published(compiled, self._clocks.unix()))

    def condition(self) -> Condition:
        """The condition of the appliance with what the self-test found."""
        log = self._log
        return replace(
            self._condition(),
            selftests=self._prober.reports,
            selftest_problem=log.problem,
            selftest_lost=log.lost,
        )

    def _pace(self) -> float | None:
        every = self._config().telemetry.selftest
        return None if every == "off" or self._condition().generation is None else every.seconds
