"""The filter of system calls, in a process of its own each time: it is for good."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from resolver.confinement import confine_worker

ROOT = Path(__file__).parents[2]
EPERM = "Operation not permitted"

HEAD = """
import asyncio, mmap, os, signal, socket, subprocess, threading
from resolver.confinement import confine_worker
begin = threading.Event()
def late(work):
    result = []
    thread = threading.Thread(target=lambda: (begin.wait(), result.append(work())))
    thread.start()
    return lambda: (begin.set(), thread.join(), result[0])[2]
def attempt(work):
    try:
        return work()
    except OSError as error:
        return error.strerror
early = late(lambda: attempt(lambda: os.kill(os.getpid(), 0)))
assert confine_worker({})
"""


def confined(work: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", HEAD + work + "\nbegin.set()"],
        capture_output=True,
        text=True,
        timeout=150,
        cwd=ROOT,
        check=False,
    )


@pytest.fixture(autouse=True)
def _needs_seccomp() -> None:
    if not Path("/proc/sys/kernel/seccomp").is_dir():
        pytest.skip("this kernel has no seccomp")


SERVING = {
    "files": "open('/proc/self/status').read(); os.stat('.'); os.listdir('.'); os.readlink('/proc/self/exe')",
    "memory": "mmap.mmap(-1, 1 << 24)[:] = bytes(1 << 24)",
    "threads": "thread = threading.Thread(target=lambda: 1); thread.start(); thread.join()",
    "the loop": "asyncio.run(asyncio.to_thread(len, 'x'))",
    "signals": "signal.signal(signal.SIGHUP, lambda *_: 0); signal.raise_signal(signal.SIGHUP)",
    "modules that are imported late": "import ssl, sqlite3, _decimal",
    "time": "import time; time.sleep(0.001); time.monotonic(); time.time()",
    "sockets": """
a = socket.create_server(("127.0.0.1", 0)); b = socket.create_connection(a.getsockname()); c, _ = a.accept()
b.sendall(b"x"); assert c.recv(1) == b"x"
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); u.close(); socket.socket(socket.AF_UNIX).close()
c.close(); b.close(); a.close()""",
}

REFUSED = {
    "link layer": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "another process": "os.fork()",
    "signals to others": "os.kill(os.getppid(), 0)",
    "folders": "os.mkdir('/tmp/x/y')",
    "code that is written": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "session": "os.setsid()",
}

DEADLY = {
    "another program": "os.execv('/bin/true', ['true'])",
    "identity": "os.setuid(os.getuid())",
    "root folder": "os.chroot('/')",
    "name": "socket.sethostname('weir')",
}


@pytest.mark.parametrize("what", SERVING)
def test_serving_goes_on(what: str) -> None:
    done = confined(SERVING[what] + "\nprint('done')")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.parametrize("what", REFUSED)
def test_what_serving_needs_not_fails(what: str) -> None:
    done = confined(f"print(attempt(lambda: {REFUSED[what]}))")
    assert (done.returncode, done.stdout) == (0, EPERM + "\n"), done.stderr


@pytest.mark.parametrize("what", DEADLY)
def test_what_only_an_intruder_does_ends_the_process(what: str) -> None:
    assert confined(DEADLY[what]).returncode == -signal.SIGSYS


def test_threads_that_were_there_before_are_bound_too() -> None:
    assert confined("print(early())").stdout == EPERM + "\n"


def test_it_can_be_switched_off_but_not_silently() -> None:
    work = "from resolver.confinement import confine_worker\nprint(confine_worker({'WEIR_SECCOMP': 'off'}))"
    done = subprocess.run(
        [sys.executable, "-c", work], capture_output=True, text=True, timeout=150, cwd=ROOT, check=True
    )
    assert done.stdout.endswith("False\n")
    assert "WEIR_SECCOMP is off" in done.stdout + done.stderr


def test_a_kernel_without_it_is_served_on_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("resolver.confinement.confine", nothing)
    with capture_logs() as logs:
        assert confine_worker({}) is False
    assert [entry["log_level"] for entry in logs] == ["warning"]
