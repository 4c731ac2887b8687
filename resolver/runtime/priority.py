"""How this process stands against others that want the same processor. Nothing here raises a priority."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

BEHIND_QUERIES = 10
"""The niceness of what compiles and publishes: where it and a worker want the same CPU, whoever answers queries goes first."""
LEAST_URGENT = 19
"""That of what nobody waits for."""


def give_way(niceness: int) -> None:
    """Let processes of less ``niceness`` (0 to 19) go first; a thread that is nicer already stays so."""
    for task in Path("/proc/self/task").iterdir():  # Linux keeps a niceness for every thread
        with contextlib.suppress(ProcessLookupError):
            thread = int(task.name)
            os.setpriority(os.PRIO_PROCESS, thread, max(niceness, os.getpriority(os.PRIO_PROCESS, thread)))
