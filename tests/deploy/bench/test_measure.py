"""What the generator and /proc print, taken apart."""

from __future__ import annotations

import os

import pytest

from deploy.bench import processes
from deploy.bench.measure import Slice, parse_outcome, parse_slices, worst_gap_ms

STAT = """cpu  400 100 200 8000 300 0 50 40 0 0
cpu0 200 50 100 4000 100 0 25 20 0 0
cpu1 200 50 100 4000 200 0 25 20 0 0
intr 1 2 3
"""


def test_the_generators_words() -> None:
    outcome = parse_outcome(
        '{"loop": "open", "seconds": 2.0, "sent": 10, "answered": 9, "lost": 1, "wrong": 2, "stray": 0, '
        '"rate": 4.5, "generator_cpu_us": 1.0, "late_us": 3.5, "latency_us": {"p50": 40.0}, "rcodes": {"0": 9}}'
    )
    assert (outcome.sent, outcome.answered, outcome.lost, outcome.wrong) == (10, 9, 1, 2)
    assert (outcome.latency, outcome.rcodes, outcome.late_us) == ({"p50": 40.0}, {"0": 9}, 3.5)


def test_slices() -> None:
    assert parse_slices("ms,sent,answered,lost,worst_us\n0,200,199,1,493.8\n10,200,200,0,1.0\n") == [
        Slice(0, 200, 199, 1, 493.8),
        Slice(10, 200, 200, 0, 1.0),
    ]


@pytest.mark.parametrize(
    ("answered", "gap"),
    [([5, 5, 5], 0), ([5, 0, 5], 10), ([0, 0, 5, 0], 20), ([5, 0, 0, 0], 30), ([], 0), ([5], 0)],
)
def test_the_longest_gap(answered: list[int], gap: int) -> None:
    slices = [Slice(10 * number, 5, count, 5 - count, 0.0) for number, count in enumerate(answered)]
    assert worst_gap_ms(slices) == gap


def test_a_slice_in_which_nothing_was_due_is_no_gap() -> None:
    assert worst_gap_ms([Slice(0, 5, 5, 0, 1.0), Slice(10, 0, 0, 0, 0.0)]) == 0


def test_the_machines_counters() -> None:
    machine = processes.parse_machine(STAT, 0)
    ticks = processes.TICKS
    assert (machine.busy, machine.stolen, machine.idle) == (750 / ticks, 40 / ticks, 4100 / ticks)


def test_this_very_process_uses_something() -> None:
    used = processes.usage(os.getpid())
    assert 0 < used.pss <= used.rss
    assert used.descriptors >= 3
    assert used.threads >= 1
    assert processes.cpu_seconds(os.getpid()) > 0
    assert os.getpid() in processes.family(os.getppid())
