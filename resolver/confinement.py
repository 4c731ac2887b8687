"""Binding a worker to the calls of Linux that it needs, once it has its sockets: what an intruder finds is then little.

The list and its reasons are in ``core/src/confine.c``. The units of systemd allow a superset of it (``SystemCallFilter``),
for the start-up.
"""

from __future__ import annotations

from collections.abc import Mapping

from resolver.core.native import confine
from resolver.runtime.logs import get_logger

VARIABLE = "WEIR_SECCOMP"
"""``off`` leaves the filter out: for a debugger inside the process, or a C library that needs a call of its own."""

_log = get_logger("weir.worker")


def confine_worker(environ: Mapping[str, str]) -> bool:
    """Bind this process and all its threads, for good. False, with a warning, where that is switched off or impossible:
    serving goes on.
    """
    if environ.get(VARIABLE) == "off":
        _log.warning(f"no filter of system calls: {VARIABLE} is off")
        return False
    try:
        confine()
    except OSError as error:
        _log.warning(
            "no filter of system calls: the kernel has none, or forbids it; serving all the same",
            reason=str(error),
        )
        return False
    return True
