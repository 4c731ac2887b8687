"""One measurement: the generator against a running server, and what the server and the machine used meanwhile."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.bench import processes
from deploy.bench.build import Programs
from deploy.bench.rig import Rig
from deploy.bench.server import Running
from deploy.bench.workload import Scenario

GRACE_SECONDS = 60.0
STEAL_LIMIT = 0.01


@dataclass(frozen=True)
class Outcome:
    """What the generator saw. Latencies in microseconds, from the moment that a query was due."""

    seconds: float
    sent: int
    answered: int
    lost: int
    wrong: int
    rate: float
    late_us: float
    latency: dict[str, float]
    rcodes: dict[str, int]
    spare: float = 0.0
    """The part of its time in which the generator had nothing to do: with none, it was the limit."""


@dataclass(frozen=True)
class Sample:
    """One run: the generator's view, CPU per answer (server's processes, whole machine), shares of stolen and idle."""

    outcome: Outcome
    cpu_us: float
    machine_us: float
    stolen: float
    idle: float

    @property
    def is_disturbed(self) -> bool:
        """Whether another machine took more time than a benchmark may lose."""
        return self.stolen > STEAL_LIMIT


@dataclass(frozen=True)
class Slice:
    """The queries that were due in one slice of time."""

    ms: int
    sent: int
    answered: int
    lost: int
    worst_us: float


@dataclass(frozen=True)
class Bench:
    """The rig and its programs: what every measurement needs."""

    rig: Rig
    programs: Programs

    def command(self, server: Running, scenario: Scenario, seconds: float, *more: str) -> list[str]:
        """The generator's command line."""
        place = server.place
        return [
            *self.rig.client, str(self.programs.load), "--server", place.address, "--port", str(place.port),
            "--questions", str(scenario.questions), "--seconds", str(seconds),
            "--sources", f"{self.rig.sources},{scenario.sources}", *more,
        ]  # fmt: skip

    def warm(self, server: Running, scenario: Scenario, seconds: float) -> None:
        """Ask every question that shall be cached once, and then a little as it will be measured."""
        once = Scenario(scenario.key, scenario.title, scenario.warm, scenario.warm, scenario.sources)
        _run(self.command(server, once, 20, "--once", "--window", "50"), 20)
        _run(self.command(server, scenario, seconds), seconds)

    def saturate(self, server: Running, scenario: Scenario, seconds: float) -> Sample:
        """As many queries as the server answers, in a closed loop."""
        return sampled(server, lambda: _run(self.command(server, scenario, seconds), seconds))

    def paced(
        self, server: Running, scenario: Scenario, seconds: float, rate: float, slices: Path | None = None
    ) -> Sample:
        """An open loop at a fixed rate; ``slices`` takes a CSV file of what happened when."""
        more = ["--rate", str(int(rate)), *(("--slices", str(slices)) if slices else ())]
        return sampled(server, lambda: _run(self.command(server, scenario, seconds, *more), seconds))


def sampled(server: Running, run: Callable[[], Outcome]) -> Sample:
    """Run a generator, and read what the server and the machine use meanwhile."""
    before, used = processes.machine(), processes.cpu_seconds(server.process.pid)
    outcome = run()
    used = processes.cpu_seconds(server.process.pid) - used
    after = processes.machine()
    answers = max(outcome.answered, 1)
    return Sample(
        outcome,
        used / answers * 1e6,
        (after.busy - before.busy) / answers * 1e6,
        (after.stolen - before.stolen) / outcome.seconds,
        (after.idle - before.idle) / outcome.seconds,
    )


def parse_outcome(text: str) -> Outcome:
    """The generator's JSON."""
    told: dict[str, Any] = json.loads(text)
    return Outcome(
        told["seconds"], told["sent"], told["answered"], told["lost"], told["wrong"], told["rate"], told["late_us"],
        told["latency_us"], told["rcodes"], told["spare"],
    )  # fmt: skip


def parse_slices(text: str) -> list[Slice]:
    """The generator's CSV of slices."""
    rows = csv.DictReader(text.splitlines())
    return [
        Slice(
            int(row["ms"]), int(row["sent"]), int(row["answered"]), int(row["lost"]), float(row["worst_us"])
        )
        for row in rows
    ]


def worst_gap_ms(slices: list[Slice]) -> int:
    """The longest stretch, in milliseconds, of slices in which not one due query was answered."""
    width = slices[1].ms - slices[0].ms if len(slices) > 1 else 0
    longest = current = 0
    for part in slices:
        current = current + width if part.sent and not part.answered else 0
        longest = max(longest, current)
    return longest


def _run(command: list[str], seconds: float) -> Outcome:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.strip()}")
    return parse_outcome(done.stdout)
