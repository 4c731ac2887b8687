"""Files of the public log, read for strangers: whole, from below one folder alone, compressed once.

Reading is done in threads of its own, so that nobody who reads takes one from those that keep the log and the lists.
"""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
import stat
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

LARGEST = 32 * 1024 * 1024
"""Bytes of a file: twice the longest bundle that there can be. Anything longer was not written by Weir."""
_SQUEEZED_UPTO = 1024 * 1024
"""Bytes of a file that is compressed while somebody waits: 15 ms."""
_LEVEL = 6
_KEPT = 8 * 1024 * 1024
"""Bytes of compressed files that are kept: what everybody asks for first."""
_THREADS = 2
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})
"""What a name gives under which there is no file: ELOOP is a link, ENXIO a socket."""
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it is sent."""

    data: bytes
    tag: str
    """The entity tag: another one as soon as the file or its form is another."""
    modified: float
    """Unix seconds."""
    is_squeezed: bool = False
    """Whether ``data`` is gzip."""


class Shelf:
    """Reads for one server, from whatever folder it is told."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="log files")
        self._squeezed: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        """Over both."""

    async def read(self, folder: Path, name: str, *, squeeze: bool) -> Found | None:
        """A file below ``folder``; None if there is none. ``squeeze``: in gzip, if it is not too long. OSError."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._read, folder, name, squeeze
        )

    def close(self) -> None:
        """Read no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _read(self, folder: Path, name: str, squeeze: bool) -> Found | None:
        handle = _open(folder, name)
        if handle is None:
            return None
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
            os.close(handle)
            return None
        with os.fdopen(handle, "rb") as file:
            data = file.read(LARGEST)
        tag = f"{about.st_mtime_ns:x}-{about.st_size:x}"
        if not squeeze or about.st_size > _SQUEEZED_UPTO:
            return Found(data, tag, about.st_mtime)
        small = self._small(f"{about.st_dev}-{about.st_ino}-{tag}", data)
        return Found(small, f"{tag}-gz", about.st_mtime, is_squeezed=True)

    def _small(self, key: str, data: bytes) -> bytes:
        with self._lock:
            kept = self._squeezed.get(key)
            if kept is not None:
                self._squeezed.move_to_end(key)
                return kept
        small = gzip.compress(data, _LEVEL, mtime=0)
        with self._lock:
            self._bytes += len(small) - len(self._squeezed.pop(key, b""))
            self._squeezed[key] = small
            while self._bytes > _KEPT:
                self._bytes -= len(self._squeezed.popitem(last=False)[1])
        return small


def _open(folder: Path, name: str) -> int | None:
    """A file, each part of whose name is a real folder: no link is followed below ``folder``."""
    *above, last = name.split("/")
    try:
        # The folder itself may be a link: an operator may keep the log elsewhere.
        parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        for part in above:
            below = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=parent)
            os.close(parent)
            parent = below
        return os.open(last, _FLAGS, dir_fd=parent)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise
    finally:
        os.close(parent)
