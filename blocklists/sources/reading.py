"""Reading the operator's files: regular ones, whole, bounded, with words for every way in which a path can be no list."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from blocklists.sources.model import FetchError, too_large

_CHUNK = 256 * 1024


def file_path(url: str) -> Path:
    """The path of ``file:/a/b``, ``file:///a/b``, ``file://localhost/a/b`` or a plain path."""
    path = url.removeprefix("file:")
    if path != url and path.startswith("//"):
        path = path[2:].removeprefix("localhost")
    return Path(path)


def read_file(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most ``limit`` bytes, counted while reading. FetchError otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not hang us
        try:
            return _read_regular(descriptor, path, limit)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError | ValueError) -> FetchError:
    """The error for a path that the system refuses."""
    if isinstance(error, OSError) and isinstance(error.filename, str):
        path = Path(error.filename)
    if isinstance(error, FileNotFoundError):
        return FetchError(f"{path}: no such file; check the list's url")
    if isinstance(error, PermissionError):
        return FetchError(f"{path}: not readable for the user that Weir runs as; check its permissions")
    cause = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return FetchError(f"{path}: cannot be read: {cause}")


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
