"""Locked memory: asked of processes of their own, because it cannot be taken back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, re, resource, sys
from resolver.runtime.locked_memory import LockedMemoryError, lock_memory
if sys.argv[1] != "infinity":
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (int(sys.argv[1]), int(sys.argv[1])))
if sys.argv[2] == "nobody":
    os.setresuid(65534, 65534, 65534)
try:
    lock_memory()
except LockedMemoryError as error:
    sys.exit(str(error))
more = bytearray(8 << 20)
print(re.search(r"VmLck:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""


def run(limit: str, user: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, limit, user], capture_output=True, text=True, check=False
    )


@pytest.fixture(autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may raise and lower limits at will")


@pytest.mark.parametrize(("limit", "user"), [("65536", "root"), ("-1", "nobody")])
def test_what_comes_later_is_locked_too(limit: str, user: str) -> None:
    done = run(limit, user)
    if any(words in done.stderr for words in ("RLIMIT_MEMLOCK", "not permitted", "not allowed")):
        pytest.skip("this machine lets even root lock no memory")
    assert int(done.stdout) > 8 << 10, done.stderr


def test_a_limit_is_said_and_nothing_is_locked() -> None:
    done = run("8388608", "nobody")
    assert done.returncode == 1
    assert "LimitMEMLOCK=infinity" in done.stderr
