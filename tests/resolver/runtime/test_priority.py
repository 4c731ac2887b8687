"""Giving way, in a process of its own: nobody gets a priority back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def niceness_after(*given: int) -> int:
    calls = "; ".join(f"give_way({niceness})" for niceness in given)
    program = f"import os; from resolver.runtime.priority import give_way; {calls}; print(os.nice(0))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize("given", [(0,), (5,), (10, 10), (10, 5), (5, 10), (19, 19)])
def test_the_nicest_wish_holds(given: tuple[int, ...]) -> None:
    assert niceness_after(*given) == max(os.nice(0), *given)


def test_a_thread_that_ran_before_gives_way_too() -> None:
    program = """
import os, threading
from resolver.runtime.priority import give_way
end = threading.Event()
thread = threading.Thread(target=end.wait)
thread.start()
before = os.getpriority(os.PRIO_PROCESS, thread.native_id)
give_way(10)
give_way(10)
print(before, os.nice(0), os.getpriority(os.PRIO_PROCESS, thread.native_id))
end.set()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, *after = map(int, done.stdout.split())
    assert after == [max(before, 10)] * 2
