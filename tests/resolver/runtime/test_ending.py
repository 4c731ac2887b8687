"""A process ends at once, with its status and everything that it has said."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import atexit, sys
from resolver.runtime.ending import end
atexit.register(print, "taken to pieces")
print("said", end="")
print("complained", end="", file=sys.stderr)
end(int(sys.argv[1]))
"""
BUFFERED = os.environ | {"PYTHONUNBUFFERED": ""}
"""What is printed waits in a buffer, as it does outside of tests."""


@pytest.mark.parametrize("status", [0, 2])
def test_a_process_ends_with_all_that_it_has_said_and_nothing_after_it(status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(status)], capture_output=True, text=True, timeout=50, env=BUFFERED
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "said", "complained")


def test_a_reader_that_has_gone_changes_no_status() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=BUFFERED
    ) as it:
        assert it.stdout is not None
        it.stdout.close()
        assert it.wait(50) == 0
