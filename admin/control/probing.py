"""The self-test: asks for every list's canary, end to end, and says when enforcement begins to fail or works again.

It never changes what is enforced, and nothing that goes wrong with it (an address, the database, a fault of its own) ends
it: whatever it could not find out or keep is said instead.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from admin.control.clocks import Clocks
from admin.control.probe_log import BY_SELFTEST, ProbeLog
from admin.control.probe_scene import Question, Unasked
from admin.services.actors import Actor
from admin.services.probes import FAILING, Outcome, Probe, Report, State, state_of
from resolver.runtime.logs import get_logger

if TYPE_CHECKING:
    from admin.services.probe_records import Change, Daily

AT_ONCE = 16
"""Questions in flight: two hundred lists must not look like a flood."""
FIRST = 10.0
"""Seconds before the first round: a start serves answers first, and opens the database later."""
LOOK = 30.0
"""Seconds between looks at the interval, which a reload may change."""

Finding = tuple[Outcome, str]
Transports = Mapping[str, Callable[[Question], Awaitable[Finding]]]
ToDo = Callable[[], Sequence[Question | Unasked]]

_log = get_logger("weir.selftest")


def standard_transports() -> Transports:
    """All there are. Takes a quarter of a second the first time: to be called in a thread."""
    from admin.control.probe_transports import TRANSPORTS

    return TRANSPORTS


class Prober:
    """Tests the lists, one round at a time."""

    def __init__(
        self,
        clocks: Clocks,
        to_do: ToDo,
        log: ProbeLog,
        transports: Callable[[], Transports] = standard_transports,
    ) -> None:
        """``to_do`` says what there is to ask, ``log`` keeps what was found."""
        self._clocks, self._to_do, self.log, self._transports = clocks, to_do, log, transports
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._before: dict[str, State] | None = None
        self._days: dict[str, str] = {}
        """By list: the day that was told last."""
        self._reports: Mapping[str, Report] = {}

    @property
    def reports(self) -> tuple[Report, ...]:
        """The newest findings about each list with a canary."""
        return tuple(self._reports.values())

    @property
    def is_testing(self) -> bool:
        """Whether a round is under way."""
        return self._turn.locked()

    def wake(self) -> None:
        """Look now whether a round is due."""
        self._wake.set()

    async def run(self, interval: Callable[[], float | None]) -> None:
        """A round every ``interval()`` seconds (None = never), until cancelled."""
        due = self._clocks.monotonic() + FIRST
        while True:
            self._wake.clear()
            every, now = interval(), self._clocks.monotonic()
            if every is not None and now >= due:
                due = now + every
                await self._safe_round()
            wait = LOOK if every is None else min(LOOK, due - self._clocks.monotonic())
            try:
                async with asyncio.timeout(max(0.0, wait)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _safe_round(self) -> None:
        try:
            await self.round()
        except Exception:
            # Evidence must not end because of a fault in what collects it.
            _log.exception("a round of the self-test ended by a fault of its own; the next one is tried")

    async def round(self, only: Collection[str] | None = None, by: Actor | None = None) -> tuple[Report, ...]:
        """Test all lists with a canary, or ``only`` these; ``by`` is who asked for it by hand."""
        async with self._turn:
            todo = [item for item in self._to_do() if only is None or item.list_id in only]
            if not todo:
                self._reports = {} if only is None else self._reports
                await self.log.pay()
                return ()
            transports = await asyncio.to_thread(self._transports)
            slots = asyncio.Semaphore(AT_ONCE)
            probes = await asyncio.gather(*(self._probe(item, transports, slots) for item in todo))
            reports = await self._reported(probes)
            self._replace(reports, everything=only is None)
            await self.log.keep(probes, self._changes(reports, by), self._daily(reports))
        return reports

    async def _probe(
        self, item: Question | Unasked, transports: Transports, slots: asyncio.Semaphore
    ) -> Probe:
        at, began = self._clocks.unix(), self._clocks.monotonic()
        if isinstance(item, Unasked):
            return Probe(item.list_id, item.transport, item.target, item.outcome, item.words, at)
        async with slots:
            outcome, words = await transports[item.transport](item)
            if outcome in FAILING:  # once more: a generation may have been swapped, or a packet lost
                outcome, words = await transports[item.transport](item)
        seconds = self._clocks.monotonic() - began
        return Probe(item.list_id, item.transport, str(item.target), outcome, words, at, seconds)

    async def _reported(self, probes: Sequence[Probe]) -> tuple[Report, ...]:
        if self._before is None:
            self._before = await self.log.states()
        by_list: dict[str, list[Probe]] = defaultdict(list)
        for probe in probes:
            by_list[probe.list_id].append(probe)
        now = self._clocks.unix()
        return tuple(self._report(list_id, tuple(found), now) for list_id, found in by_list.items())

    def _report(self, list_id: str, probes: tuple[Probe, ...], now: float) -> Report:
        state = state_of(frozenset(probe.outcome for probe in probes))
        last = self._reports.get(list_id)
        since = last.since if last is not None and last.state is state else now
        return Report(list_id, state, since, now, probes)

    def _changes(self, reports: Sequence[Report], by: Actor | None) -> list[Change]:
        """What is to be told: another state than was told last. A list that works from the beginning is no news."""
        from admin.services.probe_records import Change

        told = self._before if self._before is not None else {}
        changes = []
        for report in reports:
            is_news = told.get(report.list_id, State.WORKING) is not report.state
            if report.state is State.UNKNOWN:
                is_news = False  # a list that is being compiled, or an address that is missing, is no change of state
            if is_news:
                self._tell(report)
                told[report.list_id] = report.state
            if is_news or by is not None:
                changes.append(
                    Change(report.list_id, report.state, report.finding, report.at, by or BY_SELFTEST)
                )
        self._before = told
        return changes

    def _daily(self, reports: Sequence[Report]) -> list[Daily]:
        """What is to be told of today: the first round that finds a list tells it."""
        from admin.services.probe_records import Daily

        found = []
        for report in reports:
            day = datetime.fromtimestamp(report.at, UTC).date().isoformat()
            if self._days.get(report.list_id) != day:
                self._days[report.list_id] = day
                transports = {name: outcome.value for name, outcome in report.by_transport.items()}
                found.append(Daily(report.list_id, day, report.state, transports, report.at))
        return found

    def _replace(self, reports: Sequence[Report], *, everything: bool) -> None:
        new = {report.list_id: report for report in reports}
        self._reports = new if everything else {**self._reports, **new}

    def _tell(self, report: Report) -> None:
        if report.state is State.FAILING:
            _log.error(
                "A LIST IS NOT ENFORCED: its canary gets through", list=report.list_id, finding=report.finding
            )
        else:
            _log.warning("state of a list's self-test", list=report.list_id, state=report.state.value)
