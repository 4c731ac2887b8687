"""Rounds of the self-test: what they tell, when, and what they do when clock, disk, database or network play up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import func, select

from admin.config.endpoints import HostPort
from admin.control.clocks import Clocks
from admin.control.probe_log import MOST_OWED, ProbeLog
from admin.control.probe_scene import Question, Unasked
from admin.control.probing import Finding, Prober
from admin.services.actors import Actor, ActorKind
from admin.services.events import Filter, Recorded, list_events
from admin.services.probe_records import RAW_SECONDS, history
from admin.services.probes import Expected, Outcome, Probe, State
from admin.store.database import Database
from admin.store.errors import UnavailableError
from admin.store.probes import ProbeHourRow, ProbeRow

OPERATOR = Actor.of_the_box(ActorKind.LOCAL, "root")
TARGET = HostPort("127.0.0.1", 53)
GOOD: Finding = (Outcome.GOOD, "")
WRONG: Finding = (Outcome.WRONG, "not enforced")


@dataclass
class Bench:
    """A prober with a network and a database in the hands of the test."""

    database: Database
    unix: float = 1_800_000_000.0
    monotonic: float = 100.0
    away: bool = False
    findings: dict[str, Finding] = field(default_factory=dict)
    todo: list[Question | Unasked] = field(default_factory=list)
    asked: int = 0
    fault: Exception | None = None

    def __post_init__(self) -> None:
        self.todo = [_question("one"), _question("two")]
        clocks = Clocks(lambda: self.unix, lambda: self.monotonic)
        self.log = ProbeLog(self._open, clocks)
        self.prober = Prober(clocks, lambda: self.todo, self.log, lambda: {"udp": self.ask})

    def _open(self) -> Database:
        if self.away:
            raise UnavailableError("sqlite:weir.db: the disk is full; make room")
        return self.database

    async def ask(self, question: Question) -> Finding:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return self.findings.get(question.list_id, GOOD)

    def pass_time(self, seconds: float) -> None:
        self.unix += seconds
        self.monotonic += seconds

    async def events(self, kind: str = "list.selftest") -> tuple[Recorded, ...]:
        async with self.database.reading() as transaction:
            return await list_events(transaction, OPERATOR, only=Filter(kind=kind))

    async def count(self, row: type[ProbeRow | ProbeHourRow]) -> int:
        async with self.database.reading() as transaction:
            return await transaction.session.scalar(select(func.count()).select_from(row)) or 0

    def states(self) -> dict[str, State]:
        return {report.list_id: report.state for report in self.prober.reports}


def _question(list_id: str) -> Question:
    wanted = Expected("192.0.2.80", 0, 15, 403)
    return Question(list_id, f"canary-{list_id}.test", wanted, "udp", TARGET, TARGET.host, "127.86.69.73")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = await Database.open(f"sqlite:{tmp_path / 'weir.db'}")
    yield Bench(database)
    await database.close()


async def test_a_list_that_works_leaves_probes_and_no_event(bench: Bench) -> None:
    await bench.prober.round()
    assert bench.states() == {"one": State.WORKING, "two": State.WORKING}
    assert await bench.events() == ()
    assert (await bench.count(ProbeRow), await bench.count(ProbeHourRow)) == (2, 2)


async def test_only_a_change_of_state_is_an_event(bench: Bench) -> None:
    for finding in (GOOD, WRONG, WRONG, GOOD, GOOD):
        bench.findings["one"] = finding
        await bench.prober.round()
        bench.pass_time(300)
    events = await bench.events()
    assert [(event.subject, event.detail["state"]) for event in events] == [
        ("one", "failing"),
        ("one", "working"),
    ]
    assert events[0].actor_kind == "selftest"
    assert events[1].at - events[0].at == 600


async def test_each_day_has_one_result_of_each_canary(bench: Bench) -> None:
    bench.findings["one"] = WRONG
    for _ in range(3):
        await bench.prober.round()
    again = Bench(bench.database)  # a restart tells nothing twice
    again.away = True
    await again.prober.round()
    again.away = False
    await again.prober.round()
    results = await bench.events("canary.result")
    assert [(event.subject, event.detail["state"], event.detail["over_udp"]) for event in results] == [
        ("one", "failing", "wrong"),
        ("two", "working", "good"),
    ]
    assert {(event.detail["day"], event.holder) for event in results} == {("2027-01-15", "selftest:control")}
    bench.pass_time(86_400)
    await bench.prober.round()
    assert len(await bench.events("canary.result")) == 4


async def test_what_fails_is_asked_twice(bench: Bench) -> None:
    bench.findings["one"] = WRONG
    await bench.prober.round({"one"})
    assert bench.asked == 2


async def test_by_hand_it_is_an_event_with_its_actor(bench: Bench) -> None:
    reports = await bench.prober.round({"one"}, OPERATOR)
    assert [report.list_id for report in reports] == ["one"]
    assert [(event.actor_id, event.detail["state"]) for event in await bench.events()] == [
        ("root", "working")
    ]


async def test_a_restart_knows_what_was_told(bench: Bench) -> None:
    bench.findings["one"] = WRONG
    await bench.prober.round()
    again = Bench(bench.database, findings=dict(bench.findings))
    await again.prober.round()
    assert len(await bench.events()) == 1
    again.findings["one"] = GOOD
    await again.prober.round()
    assert [event.detail["state"] for event in await bench.events()] == ["failing", "working"]


async def test_a_list_that_is_off_or_being_compiled(bench: Bench) -> None:
    bench.todo = [
        Unasked("one", Outcome.OFF, "somebody suspended the list"),
        Unasked("two", Outcome.UNKNOWN, "the list is being compiled"),
    ]
    await bench.prober.round()
    assert bench.asked == 0
    assert bench.states() == {"one": State.OFF, "two": State.UNKNOWN}
    assert [(event.subject, event.detail["state"]) for event in await bench.events()] == [("one", "off")]


async def test_without_a_database_it_goes_on_and_says_what_it_could_not_keep(bench: Bench) -> None:
    bench.away = True
    bench.findings["one"] = WRONG
    for _ in range(3):
        await bench.prober.round()
        bench.pass_time(300)
    assert bench.states()["one"] is State.FAILING
    assert "the disk is full" in bench.log.problem
    bench.away = False
    await bench.prober.round()
    assert bench.log.problem == ""
    assert bench.log.lost == 0
    assert await bench.count(ProbeRow) == 8
    assert len(await bench.events()) == 1


async def test_what_waits_is_bounded_and_the_loss_is_counted(bench: Bench) -> None:
    bench.away = True
    probes = [Probe("one", "udp", "a", Outcome.GOOD, "", bench.unix)] * 9_000
    for _ in range(3):
        await bench.log.keep(probes)
    assert bench.log.lost == 27_000 - MOST_OWED
    bench.away = False
    await bench.log.pay()
    assert await bench.count(ProbeRow) == MOST_OWED


async def test_old_probes_end_and_their_sums_stay(bench: Bench) -> None:
    await bench.prober.round()
    bench.pass_time(RAW_SECONDS + 60)
    await bench.prober.round()
    assert (await bench.count(ProbeRow), await bench.count(ProbeHourRow)) == (2, 4)


@pytest.mark.parametrize("jump", [30 * 365 * 86_400.0, -400 * 86_400.0])
async def test_a_clock_that_jumps_takes_no_evidence_away(bench: Bench, jump: float) -> None:
    await bench.prober.round()
    bench.pass_time(7_200)
    bench.unix += jump
    await bench.prober.round()
    assert await bench.count(ProbeRow) == 4
    assert await bench.count(ProbeHourRow) == 4


async def test_probes_are_read_in_pages(bench: Bench) -> None:
    for _ in range(3):
        await bench.prober.round()
    async with bench.database.reading() as transaction:
        first = await history(transaction, OPERATOR, "one", limit=2)
        rest = await history(transaction, OPERATOR, "one", before=first[-1][0], limit=2)
    numbers = [number for number, _ in (*first, *rest)]
    assert len(numbers) == 3
    assert numbers == sorted(numbers, reverse=True)


@contextlib.asynccontextmanager
async def _running(prober: Prober, interval: Callable[[], float | None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(prober.run(interval))
    await asyncio.sleep(0)  # it has begun to count
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0)


def _next_round(bench: Bench) -> None:
    bench.pass_time(60)
    bench.prober.wake()


async def test_a_fault_of_its_own_does_not_end_it(bench: Bench) -> None:
    bench.fault = RuntimeError("a bug")
    async with _running(bench.prober, lambda: 60.0):
        _next_round(bench)
        await _until(lambda: bench.asked > 0)
        bench.fault = None
        await _until(lambda: not bench.prober.is_testing)
        _next_round(bench)
        await _until(lambda: bench.states().get("one") is State.WORKING)


async def test_an_alarm_comes_within_one_interval_and_off_means_off(bench: Bench) -> None:
    interval: list[float | None] = [60.0]
    async with _running(bench.prober, lambda: interval[0]):
        _next_round(bench)
        await _until(lambda: bench.states().get("one") is State.WORKING)
        await _until(lambda: not bench.prober.is_testing)
        bench.findings["one"] = WRONG
        _next_round(bench)
        await _until(lambda: bench.states()["one"] is State.FAILING)
        await _until(lambda: not bench.prober.is_testing)
        interval[0] = None
        asked = bench.asked
        _next_round(bench)
        for _ in range(20):
            await asyncio.sleep(0)
        assert bench.asked == asked
