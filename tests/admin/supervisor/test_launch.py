"""Starting processes: what they get, what they keep, and that their end is heard."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from admin.supervisor.launch import Process, launch


async def run(
    code: str, *arguments: str, descriptors: tuple[int, ...] = (), kill: bool = False, niceness: int = 0
) -> int:
    """The status of a Python process with this program."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    process = launch(
        [sys.executable, "-c", code, *arguments],
        environ={"PATH": os.environ["PATH"]},
        descriptors=descriptors,
        on_exit=ended.set_result,
        niceness=niceness,
    )
    if kill:
        process.signal(signal.SIGKILL)
    async with asyncio.timeout(60):
        return await ended


@pytest.mark.parametrize("status", [0, 1, 77])
async def test_the_status_is_heard(status: int) -> None:
    assert await run(f"raise SystemExit({status})") == status


@pytest.mark.parametrize("niceness", [0, 7])
async def test_it_gives_way_from_its_first_instruction_and_nobody_gets_a_priority_back(niceness: int) -> None:
    assert await run("import os; raise SystemExit(os.nice(0))", niceness=niceness) == max(
        os.nice(0), niceness
    )


async def test_a_signal_is_heard() -> None:
    assert await run("import time; time.sleep(60)", kill=True) == -signal.SIGKILL


async def test_descriptors_keep_their_numbers_and_nothing_else_is_inherited() -> None:
    code = (
        "import os, sys; wanted = int(sys.argv[1]); os.fstat(wanted)\n"
        "others = {int(name) for name in os.listdir('/proc/self/fd')} - {0, 1, 2, wanted}\n"
        "sys.exit(len([fd for fd in others if os.path.exists(f'/proc/self/fd/{fd}')]))"
    )
    with socket.socket() as lent, socket.socket():
        assert await run(code, str(lent.fileno()), descriptors=(lent.fileno(),)) == 0


async def test_what_it_prints_is_not_on_our_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    assert await run("print('from the child')") == 0
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == "from the child\n"


async def test_it_is_confined(tmp_path: Path) -> None:
    code = (
        "import os, resource, sys; from pathlib import Path\n"
        "status = dict(line.split(':\\t') for line in Path('/proc/self/status').read_text().splitlines() if ':\\t' in line)\n"
        "assert status['NoNewPrivs'] == '1', status\n"
        "assert int(status['CapAmb'], 16) == 0, status\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)\n"
        "assert os.getpgid(0) == os.getpid()\n"
    )
    assert await run(code) == 0


async def test_what_cannot_be_started_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        launch(["/no/such/program"], environ={}, descriptors=(), on_exit=lambda _code: None)


async def test_a_child_that_cannot_be_watched_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[int] = []

    def full(pid: int, _flags: int = 0) -> int:
        started.append(pid)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pidfd_open", full)
    with pytest.raises(OSError, match="Too many open files"):
        await run("import time; time.sleep(60)")
    with pytest.raises(ProcessLookupError):  # neither running nor waiting to be reaped
        os.kill(started[0], 0)


async def test_a_signal_after_the_end_does_nothing() -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    process: Process = launch(
        [sys.executable, "-c", ""], environ={}, descriptors=(), on_exit=ended.set_result
    )
    async with asyncio.timeout(60):
        await ended
    process.signal(signal.SIGTERM)


def test_a_child_dies_with_its_parent(tmp_path: Path, wait: Callable[..., object]) -> None:
    import subprocess

    code = (
        "import asyncio, sys\n"
        "from admin.supervisor.launch import launch\n"
        "async def main():\n"
        "    child = launch([sys.executable, '-c', 'import time; time.sleep(60)'], environ={}, descriptors=(),\n"
        "                   on_exit=print)\n"
        "    print(child.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(root)}
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    wait(
        lambda: not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes()
    )
