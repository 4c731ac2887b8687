"""Memory that never reaches a swap partition: for the process that has texts of secret lists in its hands.

What this cannot do: CPython copies bytes as it likes and frees without wiping, so a text stays in this process's memory
until that is used again. It is kept from disks (here), from core files and from other processes (``dumps``); whoever is
root on the box reads it.
"""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path

_CURRENT, _FUTURE, _ON_FAULT = 1, 2, 4
"""mlockall(2). On fault: what is mapped and never touched costs nothing."""
_CAP_IPC_LOCK = 1 << 14


class LockedMemoryError(Exception):
    """The memory cannot be locked; the message says why and what to do."""


def lock_memory() -> None:
    """Keep all memory of this process, and what it will get, out of swap. LockedMemoryError.

    Only where there is no limit (RLIMIT_MEMLOCK): with one, the first allocation beyond it would fail, and a control
    process without locked memory is better than none.
    """
    if not _unlimited():
        raise LockedMemoryError(
            "this process may lock too little memory (RLIMIT_MEMLOCK); set LimitMEMLOCK=infinity in its unit, or switch "
            "swap off"
        )
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_CURRENT | _FUTURE | _ON_FAULT) != 0:
        words = os.strerror(ctypes.get_errno())
        raise LockedMemoryError(f"the kernel refused ({words}); switch swap off")


def _unlimited() -> bool:
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if most == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))
        return True
    return bool(_capabilities() & _CAP_IPC_LOCK)


def _capabilities() -> int:
    """The effective ones, capabilities(7)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0
