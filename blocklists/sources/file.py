"""Lists in files: ``file:`` plus a path, taken as it is (no percent-escapes), or a plain path."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from blocklists.model import ListSource, ListVersion
from blocklists.sources.model import FetchError, too_large, version

_CHUNK = 256 * 1024


def file_path(url: str) -> Path:
    """The path of ``file:/a/b``, ``file:///a/b``, ``file://localhost/a/b`` or a plain path."""
    path = url.removeprefix("file:")
    if path != url and path.startswith("//"):
        path = path[2:].removeprefix("localhost")
    return Path(path)


async def fetch_file(source: ListSource, *, now: float) -> ListVersion:
    """Read the file; ``now`` is Unix seconds. FetchError naming the path and the cause. Does not block the loop."""
    data = await asyncio.to_thread(read_file, file_path(source.url), source.max_size)
    return version(source.id, data, now=now)


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
