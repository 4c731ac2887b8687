"""What supervisors write about their children, and how far it is believed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from admin.services.process_state import (
    ProcessState,
    SupervisorState,
    file_of,
    process_exists,
    write_state,
)
from admin.services.processes import read_listen_failures, read_states

ALIVE = ProcessState("resolver-0", "ready", os.getpid(), 0, "serving")


@pytest.fixture
def dead() -> int:
    """The number of a process that has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_round_trip(tmp_path: Path) -> None:
    write_state(file_of(tmp_path, "all"), SupervisorState(os.getpid(), (ALIVE,)))
    assert read_states(tmp_path) == {"resolver-0": ALIVE}


def test_alive_means_ready_and_there(dead: int) -> None:
    assert ALIVE.alive
    assert not ProcessState("x", "starting", os.getpid(), 0).alive
    assert not ProcessState("x", "ready", None, 0).alive
    assert not ProcessState("x", "ready", dead, 0).alive
    assert not process_exists(dead)
    assert process_exists(1)


def test_several_supervisors_and_a_file_left_behind(tmp_path: Path, dead: int) -> None:
    write_state(
        file_of(tmp_path, "all"),
        SupervisorState(os.getpid(), (ProcessState("resolver-0", "ready", dead, 7),)),
    )
    write_state(file_of(tmp_path, "resolver-0"), SupervisorState(os.getpid(), (ALIVE,)))
    write_state(
        file_of(tmp_path, "zzz"),
        SupervisorState(os.getpid(), (ProcessState("resolver-0", "ready", dead, 9),)),
    )
    assert read_states(tmp_path) == {"resolver-0": ALIVE}


@pytest.mark.parametrize("content", [b"", b"[", b'[{"name": 1}]', b"\xff"])
def test_damaged_files_are_passed_over(tmp_path: Path, content: bytes) -> None:
    file_of(tmp_path, "broken").write_bytes(content)
    write_state(file_of(tmp_path, "good"), SupervisorState(os.getpid(), (ALIVE,)))
    assert set(read_states(tmp_path)) == {"resolver-0"}


def test_an_address_that_several_miss_counts_once_and_the_dead_miss_nothing(
    tmp_path: Path, dead: int
) -> None:
    for scope, pid, failures in (
        ("resolver-0", os.getpid(), ("one",)),
        ("resolver-1", os.getpid(), ("one", "two")),
        ("all", dead, ("three",)),
    ):
        write_state(file_of(tmp_path, scope), SupervisorState(pid, (), failures))
    assert read_listen_failures(tmp_path) == ("one", "two")
