"""Linux's word that something in a folder was renamed, made or removed (inotify(7)), for an asyncio loop.

The standard library has no call for it. Where the kernel grants none (its limit of instances is used up, or the folder
is not there yet), the caller has to look from time to time.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x80, 0x100, 0x200
READ_BYTES = 16_384
"""Room for dozens of events; what does not fit makes the descriptor readable again."""

_libc = ctypes.CDLL(None, use_errno=True)


class FolderNotices:
    """``happened`` is set whenever something in the folder has changed its name; whoever waits clears it first."""

    def __init__(self, folder: Path) -> None:
        """OSError if the kernel does not watch it for us. Within a running loop; ``close`` ends it."""
        self.happened = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._descriptor = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            wanted = IN_MOVED_TO | IN_CREATE | IN_DELETE
            _checked(_libc.inotify_add_watch(self._descriptor, os.fsencode(folder), wanted))
        except OSError:
            os.close(self._descriptor)
            raise
        self._loop.add_reader(self._descriptor, self._heard)

    def _heard(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._descriptor, READ_BYTES)
        self.happened.set()

    def close(self) -> None:
        """Hear no more."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)


@contextlib.contextmanager
def folder_notices(folder: Path) -> Iterator[FolderNotices | None]:
    """Notices for as long as the context lasts; None where there can be none."""
    try:
        notices = FolderNotices(folder)
    except OSError:
        yield None
        return
    try:
        yield notices
    finally:
        notices.close()


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
