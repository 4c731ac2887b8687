"""S6: what clients notice when the list changes while queries come in at half of what the server can do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.bench.measure import Bench, Sample, Slice, parse_slices, worst_gap_ms
from deploy.bench.peers.weir import write_configuration
from deploy.bench.results import Swap
from deploy.bench.server import Running, wait_for
from deploy.bench.workload import BLOCKED_ADDRESS, Scenario, changed_list

QUIET_SECONDS = 2.0
SETTLE_SECONDS = 0.5
PATIENCE = 1.5
"""The load lasts this many times as long as the last change took, the first time as the start took, and a second more."""


def measure_swaps(
    bench: Bench, server: Running, scenario: Scenario, rate: float, original: Path, times: int
) -> list[Swap]:
    """Full new lists, ``times`` over; for Weir then as many changes of one rule."""
    expected = server.start_seconds
    quiet = bench.paced(server, scenario, QUIET_SECONDS, rate)
    found = []
    for number in range(times):
        change = _full(bench, server, original, number)
        sample, seconds, slices = _under_load(bench, server, scenario, (rate, _long_enough(expected)), change)
        found.append(_judged(server, "full list", quiet, sample, seconds, slices))
        expected = seconds
    if server.peer.name == "weir":
        for number in range(times):
            change = _rule(bench, server, number)
            sample, seconds, slices = _under_load(
                bench, server, scenario, (rate, _long_enough(expected)), change
            )
            found.append(_judged(server, "one rule", quiet, sample, seconds, slices))
            expected = seconds
    return found


def _long_enough(expected: float) -> float:
    return SETTLE_SECONDS + 1 + PATIENCE * expected


def summary(swaps: list[Swap]) -> Swap:
    """The median time and the worst of everything else."""
    return Swap(
        swaps[0].server,
        f"{swaps[0].change}, {len(swaps)} ×",
        statistics.median(swap.seconds for swap in swaps),
        swaps[0].rate,
        sum(swap.lost for swap in swaps),
        sum(swap.wrong for swap in swaps),
        max(swap.gap_ms for swap in swaps),
        max(swap.lost_in_worst_slice for swap in swaps),
        swaps[0].quiet_us,
        max(swap.p999_us for swap in swaps),
        max(swap.worst_us for swap in swaps),
    )


def _full(bench: Bench, server: Running, original: Path, number: int) -> Callable[[], float]:
    place, reload = server.place, server.peer.reload
    assert place.listed is not None
    assert reload is not None
    name = changed_list(original, place.listed, number)
    server.peer.prepare(place)
    inside = bench.rig.server[:2] if bench.rig.namespace else ()

    def change() -> float:
        started = time.monotonic()
        reload(place, server.process.pid, inside)
        return wait_for(bench.rig, place, name, BLOCKED_ADDRESS) - started

    return change


def _under_load(
    bench: Bench, server: Running, scenario: Scenario, load: tuple[float, float], change: Callable[[], float]
) -> tuple[Sample, float, list[Slice]]:
    """Change something shortly after the load has begun: the load's sample, the change's seconds, the slices."""
    rate, patience = load
    file = server.place.folder / "slices.csv"
    with ThreadPoolExecutor(1) as other:
        changed = other.submit(_later, change)
        sample = bench.paced(server, scenario, patience, rate, file)
        seconds = changed.result()
    return sample, seconds, parse_slices(file.read_text())


def _later(change: Callable[[], float]) -> float:
    time.sleep(SETTLE_SECONDS)
    return change()


def _judged(
    server: Running, change: str, quiet: Sample, sample: Sample, seconds: float, slices: list[Slice]
) -> Swap:
    outcome = sample.outcome
    return Swap(
        server.peer.name,
        change,
        seconds,
        outcome.sent / outcome.seconds,
        outcome.lost,
        outcome.wrong,
        worst_gap_ms(slices),
        max((part.lost for part in slices), default=0),
        quiet.outcome.latency["p99.9"],
        outcome.latency["p99.9"],
        outcome.latency["max"],
    )


def _rule(bench: Bench, server: Running, number: int) -> Callable[[], float]:
    name = f"denied-{number}.example"

    def change() -> float:
        write_configuration(server.place, name)
        started = time.monotonic()
        assert server.peer.reload is not None
        server.peer.reload(server.place, server.process.pid, ())
        return wait_for(bench.rig, server.place, name, BLOCKED_ADDRESS) - started

    return change
