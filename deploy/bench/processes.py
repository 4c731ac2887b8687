"""What processes and the machine have used: CPU time, memory, descriptors, threads, time stolen; and pausing them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
HEAD_START = 0.5
"""Seconds in which a descendant tells its watchdog that it lives."""
READING_SECONDS = 0.25
CALM_READINGS = 6
MOST_READINGS = 60
"""Readings of memory, a quarter of a second apart: it counts as settled after 1.5 s, and is waited for 15 s at most."""
STEADY_BYTES = 256 * 1024
CPUCLOCK_SCHED = 2
"""The scheduler's count, in nanoseconds (include/linux/posix-timers.h)."""


@dataclass(frozen=True)
class Machine:
    """Counters of /proc/stat in seconds: all CPUs busy and stolen, and the server's CPU idle."""

    busy: float
    stolen: float
    idle: float


@dataclass(frozen=True)
class Usage:
    """A family of processes now: bytes of memory (each shared page counted once), descriptors, threads."""

    pss: int
    rss: int
    descriptors: int
    threads: int


def family(pid: int) -> set[int]:
    """A process and all its living descendants."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
    members = {pid}
    while more := {child for child, parent in parents.items() if parent in members} - members:
        members |= more
    return members


def cpu_seconds(pid: int) -> float:
    """CPU time of a family, with its children that have ended.

    Of each living process the kernel's own clock, in nanoseconds: user and system time of all its threads, ended ones
    too, and of the network's receive and transmit work what ran in their time. Of ended children, in ticks of 10 ms,
    what their parents were told.
    """
    total = 0.0
    for member in family(pid):
        with contextlib.suppress(OSError):
            total += time.clock_gettime(_clock_of(member)) + sum(map(int, _stat(member)[13:15])) / TICKS
    return total


def _clock_of(pid: int) -> int:
    """The number of a process's CPU clock, as clock_getcpuclockid(3) makes it."""
    return (~pid << 3) | CPUCLOCK_SCHED


def suspend(pid: int) -> None:
    """Stop a family where it stands; a process that it makes meanwhile is stopped as well."""
    stopped: set[int] = set()
    while members := family(pid) - stopped:
        _signal(members, signal.SIGSTOP)
        stopped |= members


def resume(pid: int) -> None:
    """Let a stopped family go on: first the descendants, so that a watchdog finds that they live when it looks."""
    if descendants := family(pid) - {pid}:
        _signal(descendants, signal.SIGCONT)
        time.sleep(HEAD_START)
    _signal({pid}, signal.SIGCONT)


@contextlib.contextmanager
def resumed(pid: int) -> Iterator[None]:
    """A suspended family runs as long as the context lasts."""
    resume(pid)
    try:
        yield
    finally:
        suspend(pid)


def _signal(members: set[int], number: signal.Signals) -> None:
    for member in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, number)


def usage(pid: int) -> Usage:
    """Memory, descriptors and threads of a family."""
    pss = rss = descriptors = threads = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            rollup = _numbers((PROC / str(member) / "smaps_rollup").read_text())
            pss, rss = pss + rollup["Pss"] * 1024, rss + rollup["Rss"] * 1024
            descriptors += len(list((PROC / str(member) / "fd").iterdir()))
            threads += _numbers((PROC / str(member) / "status").read_text())["Threads"]
    return Usage(pss, rss, descriptors, threads)


def mapped(pid: int, name: str) -> int:
    """Bytes of memory that a family has in files with ``name`` in their path, each shared page counted once."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            total += parse_mapped((PROC / str(member) / "smaps").read_text(), name)
    return total


def parse_mapped(text: str, name: str) -> int:
    """Take /proc/PID/smaps apart: the Pss of the mappings with ``name`` in their path, in bytes."""
    total, is_meant = 0, False
    for line in text.splitlines():
        key, *words = line.split(maxsplit=5)
        if not key.endswith(":"):  # address, rights, offset, device, inode and, of a file, its path
            is_meant = len(words) == 5 and name in words[4]
        elif is_meant and key == "Pss:":
            total += int(words[0]) * 1024
    return total


def settled_memory(pid: int) -> int:
    """The memory of a family, in bytes, once it has stayed the same for a while.

    A server goes on loading after its first answer. Read at that moment, one that has no list, and so answers sooner,
    looks smaller by what it has not loaded yet, and the list larger by as much.
    """
    return settled(lambda: usage(pid).pss, time.sleep)


def settled(read: Callable[[], int], pause: Callable[[float], object]) -> int:
    """What ``read`` gives once it has stayed within STEADY_BYTES for CALM_READINGS; the last after MOST_READINGS."""
    steady, calm = read(), 0
    for _ in range(MOST_READINGS):
        pause(READING_SECONDS)
        now = read()
        if abs(now - steady) > STEADY_BYTES:
            steady, calm = now, 0
        elif (calm := calm + 1) == CALM_READINGS:
            return now
    return steady


def machine(cpu: int = 0) -> Machine:
    """The machine's counters; ``cpu`` is the server's."""
    return parse_machine((PROC / "stat").read_text(), cpu)


def parse_machine(text: str, cpu: int) -> Machine:
    """Take /proc/stat apart: user nice system idle iowait irq softirq steal."""
    lines = {}
    for line in text.splitlines():
        name, *words = line.split()
        if name.startswith("cpu"):
            lines[name] = [int(word) for word in words[:8]]
    whole, own = lines["cpu"], lines[f"cpu{cpu}"]
    busy = sum(whole) - whole[3] - whole[4] - whole[7]
    return Machine(busy / TICKS, whole[7] / TICKS, (own[3] + own[4]) / TICKS)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third (state) on."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _numbers(text: str) -> dict[str, int]:
    numbers = {}
    for line in text.splitlines():
        key, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            numbers[key] = int(words[0])
    return numbers
