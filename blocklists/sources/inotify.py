"""inotify(7) by way of the C library: what was written to, moved or removed in folders.

Python has no binding of its own, and this is all of it that is needed. Linux only, as all of Weir.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x8, 0x40, 0x80
_DELETE, _DELETE_SELF, _MOVE_SELF = 0x200, 0x400, 0x800
_ONLYDIR = 0x01000000
_MASK = _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _DELETE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR
"""Not every write: a file counts when its writer has closed it or put it in place."""
_BUFFER = 64 * 1024

_libc = ctypes.CDLL(None, use_errno=True)


class Inotify:
    """A queue of events. What they are about is not told: who asks looks at all that may have changed, which is also
    right when the kernel has dropped events.
    """

    def __init__(self) -> None:
        """OSError if the kernel gives no queue (fs.inotify.max_user_instances)."""
        self._descriptor = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), "inotify")

    def fileno(self) -> int:
        """Readable when something has happened."""
        return self._descriptor

    def watch(self, folder: Path) -> int:
        """Watch a folder; the same number if it is watched already. OSError (no such folder, too many watches)."""
        return _checked(
            _libc.inotify_add_watch(self._descriptor, os.fsencode(folder), ctypes.c_uint32(_MASK)),
            str(folder),
        )

    def unwatch(self, number: int) -> None:
        """Watch a folder no more; nothing happens if the kernel has ended that itself."""
        _libc.inotify_rm_watch(self._descriptor, number)

    def drain(self) -> bool:
        """Whether anything has happened since the last call."""
        happened = False
        try:
            while os.read(self._descriptor, _BUFFER):
                happened = True
        except BlockingIOError:
            pass
        return happened

    def close(self) -> None:
        """End all watches. Once."""
        os.close(self._descriptor)


def _checked(result: int, place: str) -> int:
    if result < 0:
        number = ctypes.get_errno() or errno.EIO
        raise OSError(number, os.strerror(number), place)
    return result
