"""The last moment of a process that has put everything away: no interpreter is taken to pieces object by object.

Only for entry points of processes whose threads have ended and whose files are closed: what is registered with atexit, and
what waits in a buffer other than the standard streams', is lost.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn


def end(status: int) -> NoReturn:
    """End this process with the status, at once; control's modules alone would take 0.3 s to be freed one by one."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            stream.flush()
    os._exit(status)
