"""S6: what clients notice when something changes while queries come in at half of what the server can do.

A change happens in a window of load that lasts until it has taken effect and a moment more. Each such window is followed
by a quiet one of the same length at the same rate: the two have the same chance of a bad moment of the machine.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bench.changes import Change
from deploy.bench.measure import Bench, Outcome, Slice, parse_outcome, parse_slices, worst_gap_ms
from deploy.bench.results import Swap
from deploy.bench.server import START_SECONDS, Running
from deploy.bench.workload import Scenario

SETTLE_SECONDS = 0.5
"""Load before the first change of a window and after the last has taken effect."""
LONGEST_QUIET = 5.0
"""Seconds: a reload that takes longer is not compared with as long a silence."""


@dataclass(frozen=True)
class Window:
    """One stretch of load: what the generator saw in all, and in each slice of time."""

    outcome: Outcome
    slices: list[Slice]


def measure_change(
    bench: Bench, server: Running, scenario: Scenario, rate: float, changes: Sequence[Sequence[Change]]
) -> Swap:
    """Make changes of one kind, in each window as many as are given for it one after another."""
    seconds: list[float] = []
    changed: list[Window] = []
    quiet: list[Window] = []
    for group in changes:
        window = _Load(bench, server, scenario, rate)
        taken = window.during(lambda group=group: [_timed(change) for change in group])  # type: ignore[misc]  # bound
        seconds += taken
        changed.append(window.seen())
        length = min(changed[-1].outcome.seconds, LONGEST_QUIET)
        quiet.append(_quiet(bench, server, scenario, rate, length))
    return _judged(server, changes[0][0].kind, seconds, changed, quiet)


def _timed(change: Change) -> float:
    change.prepare()
    started = time.monotonic()
    return change.make() - started


class _Load:
    """The generator in an open loop, until it is told to end."""

    def __init__(self, bench: Bench, server: Running, scenario: Scenario, rate: float) -> None:
        self.file = server.place.folder / "slices.csv"
        more = ("--rate", str(int(rate)), "--slices", str(self.file))
        self.command = bench.command(server, scenario, START_SECONDS, *more)
        self.printed = ""

    def during(self, work: Callable[[], list[float]]) -> list[float]:
        """Do something under load, and keep the load up for a moment before and after."""
        with subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True) as generator:
            try:
                time.sleep(SETTLE_SECONDS)
                done = work()
                time.sleep(SETTLE_SECONDS)
            finally:
                generator.terminate()
                assert generator.stdout is not None
                self.printed = generator.stdout.read()
        return done

    def seen(self) -> Window:
        """What the generator printed and wrote."""
        return Window(parse_outcome(self.printed), parse_slices(self.file.read_text()))


def _quiet(bench: Bench, server: Running, scenario: Scenario, rate: float, seconds: float) -> Window:
    file: Path = server.place.folder / "slices.csv"
    sample = bench.paced(server, scenario, seconds, rate, file)
    return Window(sample.outcome, parse_slices(file.read_text()))


def _judged(
    server: Running, kind: str, seconds: list[float], changed: list[Window], quiet: list[Window]
) -> Swap:
    """Median and worst times to effect, everything that was lost, medians of the tails."""
    outcomes = [window.outcome for window in changed]
    return Swap(
        server.peer.name,
        f"{kind}, {len(seconds)} ×",
        statistics.median(seconds),
        max(seconds),
        statistics.median(outcome.sent / outcome.seconds for outcome in outcomes),
        sum(outcome.lost for outcome in outcomes),
        sum(window.outcome.lost for window in quiet),
        sum(outcome.wrong for outcome in outcomes),
        max(worst_gap_ms(window.slices) for window in changed),
        max((part.lost for window in changed for part in window.slices), default=0),
        statistics.median(window.outcome.latency["p99.9"] for window in quiet),
        statistics.median(outcome.latency["p99.9"] for outcome in outcomes),
        max(outcome.latency["max"] for outcome in outcomes),
    )
