"""No memory image of a process that holds a secret, or the names that people ask for.

For every process that serves or compiles, first thing in its life: a core file would lie on a disk for years. The units
say the same (LimitCORE=0); this holds wherever the process was started from, and for what it starts.
"""

from __future__ import annotations

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4
"""prctl(2). Beside core files it keeps other processes of the same user from our memory (ptrace(2))."""


def forbid_core_dumps() -> None:
    """From now on nobody gets an image of this process's memory but root. OSError as from setrlimit(2), prctl(2)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
