"""``make soak``: Weir at half of its own maximum, a new list every minute and a changed rule between; nothing may grow.

Run as ``python -m deploy.bench.soak [--seconds 1200]``. Memory, descriptors, threads, answers and losses of each second
go into a CSV file. Exit 1 with one sentence for each thing that is wrong: memory with a slope, more descriptors than
after the warm-up, an answer lost or wrong.

The answer cache is judged by itself. It is most of the memory and has all of it from the start, so that measured with
it a leak elsewhere would look small; and one that is still coming in would look like a leak.
"""

from __future__ import annotations

import argparse
import csv
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from deploy.bench import processes
from deploy.bench.build import build
from deploy.bench.measure import Bench, Outcome, parse_outcome
from deploy.bench.peers import weir
from deploy.bench.rig import open_rig, unwind_on_sigterm
from deploy.bench.server import Running, running, wait_for
from deploy.bench.session import place_for, upstream
from deploy.bench.workload import BLOCKED_ADDRESS, Scenario, changed_list, make_workload

WARM_SHARE = 0.25
GROWTH_LIMIT = 0.05
"""Memory may be so much larger at the end of the measured part than at its begin; beyond that it has a slope."""
GROWTH_FLOOR = 8_000_000
"""Bytes of growth that are noise whatever the size: allocators keep no straight line."""
DESCRIPTOR_SLACK = 4
"""Sockets to the upstream come and go; a leak of one a change passes this within minutes."""
RATE_LIMIT = 100_000.0
CACHE = "answers-"
"""In the name of the answer cache's file (resolver/outbound/mapping.py)."""


@dataclass(frozen=True)
class Reading:
    """One second of a soak. Bytes; ``pss`` has the answer cache in it, which is ``cache``."""

    second: float
    pss: int
    rss: int
    cache: int
    descriptors: int
    threads: int
    changes: int


def verdict(readings: Sequence[Reading], outcome: Outcome) -> list[str]:
    """What went wrong, a sentence each; empty when all is well."""
    found = []
    if outcome.lost:
        found.append(f"{outcome.lost} of {outcome.sent} queries had no answer.")
    if outcome.wrong:
        found.append(f"{outcome.wrong} of {outcome.answered} answers were wrong.")
    settled = readings[int(len(readings) * WARM_SHARE) :]
    if len(settled) < 4:
        return [*found, "The soak was too short to judge memory: give it more seconds."]
    seconds = [reading.second for reading in settled]
    found += _growth("The answer cache", seconds, [reading.cache for reading in settled])
    found += _growth("All other memory", seconds, [reading.pss - reading.cache for reading in settled])
    quarter = max(len(settled) // 4, 1)
    before = max(reading.descriptors for reading in settled[:quarter])
    after = min(reading.descriptors for reading in settled[-quarter:])
    if after > before + DESCRIPTOR_SLACK:
        found.append(f"Open descriptors grew from {before} to {after}.")
    return found


def _growth(what: str, seconds: Sequence[float], sizes: Sequence[int]) -> list[str]:
    """A sentence if these bytes have a slope."""
    rate, size = slope(list(zip(seconds, sizes, strict=True))), sizes[0]
    grown = rate * (seconds[-1] - seconds[0])
    if grown <= max(GROWTH_LIMIT * size, GROWTH_FLOOR):
        return []
    return [f"{what} grew by {grown / 1e6:.1f} MB on {size / 1e6:.0f} MB, {rate * 60 / 1e6:.2f} MB a minute."]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Growth per second: the median slope between all pairs (Theil-Sen), which single jumps do not move."""
    step = max(len(points) // 200, 1)
    kept = points[::step]
    return statistics.median(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for number, earlier in enumerate(kept)
        for later in kept[number + 1 :]
    )


class _Changes(threading.Thread):
    """Gives the server a new list at every interval, and another rule in the middle of it."""

    def __init__(self, bench: Bench, server: Running, original: Path, every: float) -> None:
        super().__init__(daemon=True)
        self.bench, self.server, self.original, self.every = bench, server, original, every
        self.stopped = threading.Event()
        self.count = 0
        self.problem = ""

    def run(self) -> None:
        try:
            while not self.stopped.wait(self.every / 2):
                self._change()
        except (RuntimeError, OSError) as error:
            self.problem = f"A change did not take effect: {error}."

    def _change(self) -> None:
        place = self.server.place
        assert place.listed is not None
        if self.count % 2:
            name = f"denied-{self.count}.example"
            weir.write_configuration(place, denied=name)
        else:
            name = changed_list(self.original, place.listed, self.count)
        self.server.process.send_signal(signal.SIGHUP)
        wait_for(self.bench.rig, place, name, BLOCKED_ADDRESS)
        self.count += 1


def soak(
    folder: Path, seconds: float, names: int, every: float, *, rate: float | None, loopback: bool
) -> list[str]:
    """Run it; what went wrong. The readings are in ``soak.csv``. ``rate`` None: half of what the server can do."""
    workload = make_workload(folder, names)
    scenario = workload.scenarios["S4"]
    programs = build(folder / "bin")
    with open_rig(loopback=loopback) as rig, upstream(rig, programs, 0):
        listed = folder / "weir" / "list.txt"
        listed.parent.mkdir(exist_ok=True)
        listed.write_bytes(workload.listed.read_bytes())
        with running(weir.PEER, place_for(rig, listed.parent, listed), rig) as server:
            bench = Bench(rig, programs)
            bench.warm(server, replace(scenario, sources=4096), 1)
            if rate is None:
                rate = min(bench.saturate(server, scenario, 2).outcome.rate / 2, RATE_LIMIT)
            print(f"{rate:,.0f} queries a second for {seconds:.0f} s; {'; '.join(rig.notes)}", flush=True)
            changes = _Changes(bench, server, workload.listed, every)
            changes.start()
            readings, outcome = _watch(bench, server, scenario, (seconds, rate), changes)
            changes.stopped.set()
            changes.join(60)
    _write(folder / "soak.csv", readings)
    print(f"{outcome.answered:,} answers, {changes.count} changes, p99.9 {outcome.latency['p99.9']:.0f} µs")
    return [*([changes.problem] if changes.problem else []), *verdict(readings, outcome)]


def _watch(
    bench: Bench, server: Running, scenario: Scenario, load: tuple[float, float], changes: _Changes
) -> tuple[list[Reading], Outcome]:
    seconds, rate = load
    command = bench.command(server, scenario, seconds, "--rate", str(int(rate)))
    started = time.monotonic()
    readings = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as generator:
        while generator.poll() is None:
            now = time.monotonic() - started
            readings.append(_reading(server.process.pid, round(now, 2), changes.count))
            with_next = max(len(readings) - (time.monotonic() - started), 0.01)
            changes.stopped.wait(with_next)
        assert generator.stdout is not None
        outcome = parse_outcome(generator.stdout.read())
    return readings, outcome


def _reading(pid: int, second: float, changes: int) -> Reading:
    used, cache = processes.usage(pid), processes.mapped(pid, CACHE)
    return Reading(second, used.pss, used.rss, cache, used.descriptors, used.threads, changes)


def _write(path: Path, readings: Sequence[Reading]) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([field.name for field in fields(Reading)])
        rows.writerows(astuple(reading) for reading in readings)


def main() -> None:
    """Run the soak, print what went wrong, exit accordingly."""
    unwind_on_sigterm()
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--every", type=float, default=60, help="seconds between two new lists (60)")
    parser.add_argument("--rate", type=float, help="queries a second (half of what the server can do)")
    parser.add_argument("--folder", type=Path, default=Path("var/soak"))
    parser.add_argument("--loopback", action="store_true")
    told = parser.parse_args()
    folder = told.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    problems = soak(folder, told.seconds, told.names, told.every, rate=told.rate, loopback=told.loopback)
    for problem in problems:
        print(f"soak: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
