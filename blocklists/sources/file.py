"""Lists in files: ``file:`` plus a path, taken as it is (no percent-escapes), or a plain path.

A file that is in the very state in which it was read before is not read again: its validator is its inode, its size and
the times of its last change. A file that has just been changed has none, as the next change might bear the same times.
"""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from blocklists.durable import state_of
from blocklists.model import ListSource
from blocklists.sources.model import Fetched, FetchError, Known, NotModified, too_large, version

SETTLED = 2.0
"""Seconds after which a change of the file bears other times than the one before, on any file system."""
_CHUNK = 256 * 1024


def file_path(url: str) -> Path:
    """The path of ``file:/a/b``, ``file:///a/b``, ``file://localhost/a/b`` or a plain path."""
    path = url.removeprefix("file:")
    if path != url and path.startswith("//"):
        path = path[2:].removeprefix("localhost")
    return Path(path)


async def fetch_file(source: ListSource, *, known: Known | None = None, now: float) -> Fetched:
    """Read the file unless it is as ``known`` says; ``now`` is Unix seconds. FetchError naming the path and the cause.

    Does not block the loop.
    """
    return await asyncio.to_thread(_fetch, source, known, now)


def _fetch(source: ListSource, known: Known | None, now: float) -> Fetched:
    path = file_path(source.url)
    state = _settled_state(path, source.max_size, now)
    if state and known is not None and known.etag == state:
        return NotModified()
    data = read_file(path, source.max_size)
    if state != _settled_state(path, source.max_size, now):
        state = ""  # written to while it was read
    return version(source.id, data, now=now, known=Known(state))


def _settled_state(path: Path, limit: int, now: float) -> str:
    """The validator of a file; empty if it has none, or cannot be had for a reason that reading will tell."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ""
    is_settled = max(status.st_ctime, status.st_mtime) + SETTLED < now
    return state_of(status) if is_settled and status.st_size <= limit else ""


def read_file(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most ``limit`` bytes, counted while reading. FetchError otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not hang us
        try:
            return _read_regular(descriptor, path, limit)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise FetchError(f"{path}: no such file; check the list's url") from None
    except PermissionError:
        raise FetchError(
            f"{path}: not readable for the user that Weir runs as; check its permissions"
        ) from None
    except (OSError, ValueError) as error:
        raise FetchError(f"{path}: cannot be read: {_cause(error)}") from None


def _read_regular(descriptor: int, path: Path, limit: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise FetchError(f"{path}: not a regular file; give the path of the list itself")
    chunks = []
    total = 0
    while chunk := os.read(descriptor, _CHUNK):
        chunks.append(chunk)
        if (total := total + len(chunk)) > limit:
            raise too_large(str(path), limit)
    return b"".join(chunks)


def _cause(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
