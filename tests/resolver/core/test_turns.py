"""Short turns: asked for once, had by all threads that come after; never against what an operator chose."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from resolver.core import native

NEEDED = (6, 12)
"""The first Linux that lets a thread choose its turns."""


def printed(*lines: str) -> list[str]:
    program = "\n".join(
        ("import os, threading", "from resolver.core.native import short_turns, turn", *lines)
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])


@pytest.mark.skipif(kernel() < NEEDED, reason="this kernel gives all threads the same turns")
def test_threads_that_come_after_have_them_too() -> None:
    before, main, thread = printed(
        "print(turn())",
        "short_turns()",
        "print(turn())",
        "late = threading.Thread(target=lambda: print(turn()))",
        "late.start()",
        "late.join()",
    )
    assert int(before) != native.TURN_NS
    assert (int(main), int(thread)) == (native.TURN_NS, native.TURN_NS)


@pytest.mark.parametrize("policy", ["SCHED_BATCH", "SCHED_IDLE"])
def test_a_policy_that_somebody_chose_stays(policy: str) -> None:
    found, niceness = printed(
        f"os.sched_setscheduler(0, os.{policy}, os.sched_param(0))",
        "short_turns()",
        "print(os.sched_getscheduler(0), os.nice(0))",
    )
    assert int(found) == getattr(os, policy)
    assert int(niceness) == os.nice(0)


def test_niceness_stays() -> None:
    assert printed("os.nice(3)", "short_turns()", "print(os.nice(0))") == [str(min(os.nice(0) + 3, 19))]
