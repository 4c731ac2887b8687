"""Files that are whole or absent: written beside, synced, renamed; checked before use.

A record is JSON behind a line with its SHA-256. Whatever is read back is treated as hostile: a damaged record is None.
"""

from __future__ import annotations

import hashlib
import os
from io import BufferedWriter
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

_DIGEST_LENGTH = 64
_PIECE = 256 * 1024
"""Bytes that one call of the kernel is given. A kernel that does not preempt itself gives no other process the processor
before the call ends: megabytes at once are milliseconds in which no packet is answered."""
_T = TypeVar("_T")


def write_file(path: Path, data: bytes) -> None:
    """Make ``path`` hold exactly ``data``, durably. OSError (disk full, …) leaves what was there before."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            _write_all(file, data)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        sync_folder(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _write_all(file: BufferedWriter, data: bytes) -> None:
    whole = memoryview(data)
    for start in range(0, len(whole), _PIECE):
        file.write(whole[start : start + _PIECE])


def read_file(path: Path) -> bytes:
    """All of a file. OSError as from open(2) and read(2)."""
    with path.open("rb", buffering=0) as file:
        return b"".join(iter(lambda: file.read(_PIECE), b""))


def write_record(path: Path, codec: TypeAdapter[_T], record: _T) -> None:
    """Write a record durably. OSError leaves the one before."""
    body = codec.dump_json(record)
    write_file(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def read_record(path: Path, codec: TypeAdapter[_T]) -> _T | None:
    """The record in a file; None if there is none, or none that is whole."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if len(digest) != _DIGEST_LENGTH or hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    try:
        return codec.validate_json(body)
    except ValidationError:
        return None


def state_of(status: os.stat_result) -> str:
    """Which state of which file this is: another text whenever the file was written to or replaced.

    The kernel's clock has ticks of milliseconds, so a write right after another may leave the same text.
    """
    return f"{status.st_dev}-{status.st_ino}-{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"


def sync_folder(path: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
