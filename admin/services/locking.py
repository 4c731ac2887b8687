"""One process per duty: an advisory lock on a file says who is at work in a data folder.

The kernel drops a lock when its holder ends in any way, so a crash never leaves one behind.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class LockedError(RuntimeError):
    """Another process has the duty; the message says which file, which process and what to do."""


class Lock:
    """A held lock. It lasts until ``release`` or the end of the process."""

    def __init__(self, path: Path, *, what: str, shared: bool = False) -> None:
        """Take the lock at once. LockedError if another process holds it, OSError as from open(2).

        ``what`` names the duty in the message. Holders of shared locks tolerate one another, no exclusive one.
        """
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._handle, 20).decode(errors="replace").strip()
            os.close(self._handle)
            who = f"process {holder}" if holder.isdigit() else "another process"
            message = f"{path}: {what} already runs here ({who}): stop it, or use another data_dir"
            raise LockedError(message) from None
        if not shared:
            os.truncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the duty up."""
        os.close(self._handle)
