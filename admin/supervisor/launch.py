"""Starting a process and hearing of its end, without threads: a child is forked from a single-threaded supervisor."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4

_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork


class Process:
    """A running child process. ``on_exit`` is called once with its status, or minus its signal."""

    def __init__(self, handle: subprocess.Popen[bytes], on_exit: Callable[[int], None]) -> None:
        """Watch the process by a file descriptor that becomes readable when it ends (pidfd_open(2))."""
        self.pid = handle.pid
        self._handle = handle
        self._on_exit = on_exit
        self._pidfd = os.pidfd_open(handle.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._ended)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if the process has just ended."""
        self._handle.send_signal(number)

    def _ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._on_exit(self._handle.wait())


def launch(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    descriptors: Sequence[int],
    on_exit: Callable[[int], None],
    niceness: int = 0,
) -> Process:
    """Start ``command`` with these descriptors open. OSError if the system has no room for another process.

    With a ``niceness`` (1 to 19) it lets less nice processes go first, from its first instruction on.
    What it prints goes to our standard error: standard output is the supervisor's own.
    """
    parent = os.getpid()
    handle = subprocess.Popen(  # noqa: S603 - the command lines are those of our own modules
        list(command),
        env=dict(environ),
        pass_fds=tuple(descriptors),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        process_group=0,  # Ctrl-C in a terminal is for the supervisor alone, which then stops its children in order
        preexec_fn=lambda: _confine(parent, niceness),  # safe: the supervisor has one thread
    )
    try:
        return Process(handle, on_exit)
    except OSError:  # nobody would hear of its end
        handle.kill()
        handle.wait()
        raise


def _confine(parent: int, niceness: int) -> None:
    """In the child before its program: die with the parent, keep no privilege, leave no memory image behind, give way."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if niceness > os.nice(0):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
