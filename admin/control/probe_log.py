"""Findings of the self-test on their way to the database: kept in memory while it is away, up to a bound, and said so."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from admin.control.clock_watch import ClockWatch
from admin.control.clocks import Clocks
from admin.services.actors import Actor, ActorKind
from admin.services.probes import Probe, State
from admin.store.errors import StoreError
from resolver.runtime.logs import get_logger

if TYPE_CHECKING:
    from admin.services.probe_records import Change, Daily, Enforcement
    from admin.store.database import Database, Transaction

MOST_OWED = 20_000
"""Probes that wait for the database; of more, the oldest are given up."""
BY_SELFTEST = Actor.of_the_box(ActorKind.SELFTEST, "control")
"""Who tells what nobody asked for by hand."""
_log = get_logger("weir.selftest")


class ProbeLog:
    """Writes what the self-test found. Used by one event loop."""

    def __init__(self, database: Callable[[], Database], clocks: Clocks) -> None:
        """``database`` gives the open database, or raises UnavailableError."""
        self._database, self._clocks = database, clocks
        self._probes: deque[Probe] = deque(maxlen=MOST_OWED)
        self._changes: deque[Change] = deque(maxlen=MOST_OWED)
        self._enforcements: deque[Enforcement] = deque(maxlen=MOST_OWED)
        self._daily: deque[Daily] = deque(maxlen=MOST_OWED)
        self._clock = ClockWatch(clocks)
        self.lost = 0
        """Probes that were never written down."""
        self.problem = ""
        """Why findings wait; empty when none does."""

    async def states(self) -> dict[str, State] | None:
        """What was last said of each list, before this process; None if the database cannot tell now."""
        from admin.services.probe_records import last_states

        try:
            async with self._database().reading() as transaction:
                return await last_states(transaction)
        except StoreError:
            return None

    async def keep(
        self, probes: Sequence[Probe], changes: Sequence[Change] = (), daily: Sequence[Daily] = ()
    ) -> None:
        """Write a round down together with what waits; it waits in turn if that cannot be done now."""
        self.lost += max(0, len(self._probes) + len(probes) - MOST_OWED)
        self._probes += probes
        self._changes += changes
        self._daily += daily
        await self.pay()

    def came_into_force(self, found: Sequence[Enforcement]) -> None:
        """Versions that are to be written down with the next round."""
        self._enforcements += found

    async def pay(self) -> None:
        """Write what waits, all or nothing."""
        if not (self._probes or self._changes or self._enforcements or self._daily):
            return
        from admin.services.probe_records import forget_old, keep_daily, keep_enforcements, keep_probes

        probes, changes, enforcements = tuple(self._probes), tuple(self._changes), tuple(self._enforcements)
        daily = tuple(self._daily)

        async def write(transaction: Transaction) -> None:
            await keep_probes(transaction, probes, changes)
            await keep_daily(transaction, daily, BY_SELFTEST)
            await keep_enforcements(transaction, enforcements)
            if self._clock.is_trusted():
                await forget_old(transaction, self._clocks.unix())

        if await self._write(write):
            for queue, written in (
                (self._probes, probes),
                (self._changes, changes),
                (self._enforcements, enforcements),
                (self._daily, daily),
            ):
                for _ in range(min(len(queue), len(written))):
                    queue.popleft()

    async def _write(self, write: Callable[[Transaction], Awaitable[None]]) -> bool:
        try:
            async with self._database().transaction() as transaction:
                await write(transaction)
        except StoreError as error:
            if not self.problem:
                _log.error("findings of the self-test are kept in memory for now", problem=str(error))
            self.problem = str(error)
            return False
        if self.problem:
            _log.info("findings of the self-test are written down again", lost=self.lost)
        self.problem = ""
        return True
