"""Counters, readiness messages, background tasks."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import re
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from resolver.runtime.counters import CounterPage, CounterPageError, read_counters
from resolver.runtime.logs import configure_logs
from resolver.runtime.notify import keep_waiting, notify, watchdog_interval
from resolver.runtime.tasks import spawn


def test_counters_are_read_while_they_are_written(tmp_path: Path) -> None:
    page = CounterPage(tmp_path / "w.counters", ("a", "b-c"))
    page.add(page.slot("a"))
    page.add(page.slot("a"), 4)
    page.set(page.slot("b-c"), 2**63)
    assert read_counters(tmp_path / "w.counters") == {"a": 5, "b-c": 2**63}


def test_a_new_page_replaces_the_old_one_at_once(tmp_path: Path) -> None:
    path = tmp_path / "w.counters"
    old = CounterPage(path, ("a",))
    CounterPage(path, ("a",))
    old.add(old.slot("a"))
    assert read_counters(path) == {"a": 0}
    assert list(tmp_path.iterdir()) == [path]


def test_without_room_for_a_file_counting_goes_on_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FileNotFoundError):
        CounterPage(tmp_path / "no" / "folder", ("a",))
    monkeypatch.setattr(Path, "rename", full)
    page = CounterPage(tmp_path / "w", ("a", "b"))
    page.add(page.slot("b"))
    assert page.error is not None
    assert page.error.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert CounterPage(tmp_path / "w", ("a",)).error is None


@pytest.mark.parametrize("content", [b"", b"short", b"WEIRCNT1" + b"\xff" * 40, b"x" * 200])
def test_a_damaged_page_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(CounterPageError):
        read_counters(tmp_path / "w")


@pytest.mark.parametrize("abstract", [False, True])
def test_notify_sends_one_datagram(tmp_path: Path, abstract: bool) -> None:
    name = f"\0weir-test-{os.getpid()}" if abstract else str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        assert notify("READY=1", "STATUS=x", environ={"NOTIFY_SOCKET": name.replace("\0", "@")})
        assert manager.recv(100) == b"READY=1\nSTATUS=x"


def test_a_sign_of_life_needs_no_free_descriptor(tmp_path: Path) -> None:
    """Under a flood files run out, and whoever then falls silent is killed by the manager."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "n"))
        environ = {"NOTIFY_SOCKET": str(tmp_path / "n")}
        assert notify("READY=1", environ=environ)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            assert notify("WATCHDOG=1", environ=environ)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_process_that_spoke_leaves_no_socket_open_at_its_end(tmp_path: Path) -> None:
    speak = "from resolver.runtime.notify import notify; print(notify('READY=1'))"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "n"))
        command = [sys.executable, "-W", "error", "-c", speak]
        environ = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "n")}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=150, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


async def test_who_waits_says_so(tmp_path: Path) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.setblocking(False)
        environ = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "2000"}
        waiting = asyncio.ensure_future(keep_waiting("a list", environ))
        for _ in range(2):
            said = await asyncio.get_running_loop().sock_recv(manager, 100)
            assert said == b"WATCHDOG=1\nSTATUS=waiting for a list"
        waiting.cancel()


def test_notify_without_a_listener_is_no_error(tmp_path: Path) -> None:
    assert not notify("READY=1", environ={})
    assert not notify("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
        ({"WATCHDOG_USEC": "4000000"}, 2.0),
        ({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())}, 2.0),
    ],
)
def test_watchdog_interval_is_half_of_what_the_manager_allows(
    environ: dict[str, str], seconds: float | None
) -> None:
    assert watchdog_interval(environ) == seconds


def _fails(local: str) -> None:
    raise ValueError(f"reason of {len(local)} letters")


def _logged(environ: dict[str, str], *, fail: bool = False) -> list[str]:
    output = io.StringIO()
    configure_logs("worker-0", output=output, environ=environ)
    log = structlog.get_logger()
    try:
        if fail:
            _fails("can" + "ary")
        log.warning("held", list="bets", why="two words")
    except ValueError:
        log.exception("failed")
    finally:
        structlog.reset_defaults()
    return output.getvalue().splitlines()


def test_a_log_line_is_whole_dated_and_plain() -> None:
    (line,) = _logged({})
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ worker-0: warning: held list=bets why='two words'", line
    )


def test_the_journal_gets_priorities_on_every_line_and_no_variables() -> None:
    assert _logged({"JOURNAL_STREAM": "1:2"}) == ["<4>worker-0: warning: held list=bets why='two words'"]
    lines = _logged({"JOURNAL_STREAM": "1:2"}, fail=True)
    assert lines[-1] == "<3>ValueError: reason of 6 letters"
    assert all(line.startswith("<3>") for line in lines)
    assert "canary" not in "".join(lines)


async def test_a_background_task_that_dies_is_heard() -> None:
    async def dies() -> None:
        raise RuntimeError("reason")

    with structlog.testing.capture_logs() as logs:
        task = spawn(dies(), name="mortal")
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert [(entry["event"], entry["task"]) for entry in logs] == [("background task died", "mortal")]
