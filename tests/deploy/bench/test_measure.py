"""What the generator and /proc print, taken apart."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from deploy.bench import foreign, processes
from deploy.bench.measure import Slice, parse_outcome, parse_slices, worst_gap_ms

STAT = """cpu  400 100 200 8000 300 0 50 40 0 0
cpu0 200 50 100 4000 100 0 25 20 0 0
cpu1 200 50 100 4000 200 0 25 20 0 0
intr 1 2 3
"""


def test_the_generators_words() -> None:
    outcome = parse_outcome(
        '{"loop": "open", "seconds": 2.0, "sent": 10, "answered": 9, "lost": 1, "wrong": 2, "stray": 0, '
        '"rate": 4.5, "generator_cpu_us": 1.0, "late_us": 3.5, "spare": 0.25, "latency_us": {"p50": 40.0}, "rcodes": {"0": 9}}'
    )
    assert (outcome.sent, outcome.answered, outcome.lost, outcome.wrong) == (10, 9, 1, 2)
    assert (outcome.latency, outcome.rcodes, outcome.late_us) == ({"p50": 40.0}, {"0": 9}, 3.5)
    assert outcome.spare == 0.25


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


SMAPS = """\
7f0000000000-7f0010000000 rw-s 00000000 00:17 77                         /dev/shm/weir-answers-0a-268435456
Rss:              200000 kB
Pss:              100000 kB
Pss_Dirty:         50000 kB
VmFlags: rd wr sh mr mw me ms
7f0010000000-7f0010400000 rw-p 00000000 00:00 0
Pss:                4000 kB
7f0010400000-7f0010800000 r--s 00000000 fe:00 9                          /srv/my answers-1 (deleted)
Pss:                   8 kB
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
Pss:                  40 kB
"""


def test_memory_of_one_file() -> None:
    assert processes.parse_mapped(SMAPS, "weir-answers-") == 100_000 * 1024
    assert processes.parse_mapped(SMAPS, "answers-") == 100_008 * 1024
    assert processes.parse_mapped(SMAPS, "snapshot-") == 0
    own = Path("/proc/self/smaps").read_text()
    assert processes.parse_mapped(own, "[heap]") > 0


DNSPERF = """
Statistics:

  Queries sent:         1200
  Queries completed:    1190 (99.17%)
  Queries lost:         10 (0.83%)

  Response codes:       NOERROR 1180 (99.16%), REFUSED 10 (0.84%)
  Average packet size:  request 38, response 54
  Run time (s):         2.000000
  Queries per second:   595.000000

  Average Latency (s):  0.000125 (min 0.000001, max 0.020000)
"""


def test_what_dnsperf_prints() -> None:
    outcome = foreign.parse_dnsperf(DNSPERF)
    assert (outcome.sent, outcome.answered, outcome.lost) == (1200, 1190, 10)
    assert (outcome.rate, outcome.seconds, outcome.rcodes) == (595.0, 2.0, {"0": 1180})
    assert outcome.latency == {"mean": pytest.approx(125.0)}


KXDPGUN = """using interface wbc1, XDP threads 1, UDP, native mode
thread#00: sent 20010, received 20000
total queries:     20010 (10005 pps)
total replies:     20000 (10000 pps) (99%)
average DNS reply size: 38 B
responded NOERROR:   19999
duration: 2 s
"""


def test_what_kxdpgun_prints() -> None:
    outcome = foreign.parse_kxdpgun(KXDPGUN)
    assert (outcome.sent, outcome.answered, outcome.lost) == (20010, 20000, 10)
    assert (outcome.rate, outcome.seconds, outcome.rcodes) == (10_000.0, 2.0, {"0": 19_999})


def test_dnsperf_that_prints_something_else() -> None:
    with pytest.raises(RuntimeError, match="printed no `Run time"):
        foreign.parse_dnsperf("usage: dnsperf")


def spent(pid: int, end: float) -> float:
    """CPU seconds of a family, at the latest when they are more than ``end``, which takes some while."""
    limit = time.monotonic() + 20
    while (used := processes.cpu_seconds(pid)) <= end and time.monotonic() < limit:
        os.sched_yield()
    return used


def test_a_suspended_family_uses_nothing() -> None:
    with subprocess.Popen(["sh", "-c", "sh -c 'while :; do :; done' & while :; do :; done"]) as process:
        try:
            used = spent(process.pid, 0.05)
            assert used > 0.05
            processes.suspend(process.pid)
            before = processes.cpu_seconds(process.pid)
            assert states(process.pid) == {"T"}
            with processes.resumed(process.pid):
                assert spent(process.pid, before + 0.02) > before + 0.02
            assert states(process.pid) == {"T"}
        finally:
            for member in processes.family(process.pid):
                os.kill(member, signal.SIGKILL)


def states(pid: int) -> set[str]:
    """A stop is asked for before it has happened: wait for it."""
    limit = time.monotonic() + 20
    while (found := {_state(member) for member in processes.family(pid)}) != {
        "T"
    } and time.monotonic() < limit:
        os.sched_yield()
    return found


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_this_very_process_uses_something() -> None:
    used = processes.usage(os.getpid())
    assert 0 < used.pss <= used.rss
    assert used.descriptors >= 3
    assert used.threads >= 1
    assert processes.cpu_seconds(os.getpid()) > 0
    assert os.getpid() in processes.family(os.getppid())


@pytest.mark.parametrize(
    ("readings", "found"),
    [
        ([5] * 7, 5),
        ([5, 6, 7, 8] + [9] * 7, 9),
        ([5, 5, 5, 5, 5, 5, 9] + [9] * 6, 9),
    ],
)
def test_memory_is_read_when_it_has_settled(readings: list[int], found: int) -> None:
    left = [number * processes.STEADY_BYTES * 2 for number in readings]
    pauses: list[float] = []
    assert processes.settled(lambda: left.pop(0), pauses.append) == found * processes.STEADY_BYTES * 2
    assert left == [], "no longer than it takes"
    assert len(pauses) == len(readings) - 1


def test_small_steps_add_up() -> None:
    """What creeps upward has not settled, however small its steps."""
    steps = iter(range(10 * processes.MOST_READINGS))
    found = processes.settled(lambda: next(steps) * (processes.STEADY_BYTES // 2), lambda _: None)
    assert next(steps) == processes.MOST_READINGS + 1, "it is given up in the end"
    assert found >= processes.STEADY_BYTES * (processes.MOST_READINGS // 2 - 2)
