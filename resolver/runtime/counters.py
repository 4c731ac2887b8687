"""Counters in a small shared file: one process adds, others read at any time, nobody waits.

A page is a mapped file of unsigned 64-bit words in the order of the machine: a head (magic, version, length of the names) and the
names as JSON, padded to 8 bytes, then one word per name. Aligned 64-bit stores are atomic on the machines that Weir
runs on, so a reader never sees half a number; it may see two counters at slightly different moments. The file
outlives its writer: the counters of a killed worker stay readable until its successor replaces the page.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import struct
from pathlib import Path

_MAGIC = b"WEIRCNT1"
_NO_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
_HEAD = struct.Struct("=8sII")  # magic, bytes of names with padding, number of names


class CounterPageError(ValueError):
    """The file is no counter page, or is damaged."""


class CounterPage:
    """The writer's side. ``add`` and ``set`` are plain memory writes."""

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        """Create (or replace, atomically) the page at ``path``.

        Where the disk gives no file (full, broken, read-only) the counters live in memory that nobody else reads:
        serving matters more than counting. ``error`` then says why. Any other OSError is a mistake, and raised.
        """
        self.error: OSError | None = None
        encoded = json.dumps(names).encode()
        encoded += b" " * (-len(encoded) % 8)
        head = _HEAD.pack(_MAGIC, len(encoded), len(names)) + encoded
        try:
            self._map = _mapped(path, head + bytes(8 * len(names)))
        except OSError as error:
            if error.errno not in _NO_DISK:
                raise
            self.error = error
            self._map = mmap.mmap(-1, len(head) + 8 * len(names))
        self._words = memoryview(self._map)[len(head) :].cast("Q")
        self._index = {name: position for position, name in enumerate(names)}

    @property
    def words(self) -> memoryview:
        """The counters themselves, 64 bits each and in the order of their names, for who writes without ``add``."""
        return self._words

    def slot(self, name: str) -> int:
        """The position of a counter, to be kept by the caller for ``add``. KeyError for an unknown name."""
        return self._index[name]

    def add(self, slot: int, amount: int = 1) -> None:
        """Add to a counter."""
        self._words[slot] += amount

    def set(self, slot: int, value: int) -> None:
        """Set a gauge."""
        self._words[slot] = value


def _mapped(path: Path, content: bytes) -> mmap.mmap:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w+b") as file:
            file.write(content)
            file.flush()
            mapped = mmap.mmap(file.fileno(), 0)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return mapped


def read_counters(path: Path) -> dict[str, int]:
    """All counters of a page by name. FileNotFoundError if it is not there, CounterPageError if it is no page."""
    data = path.read_bytes()
    if len(data) < _HEAD.size:
        raise CounterPageError(f"{path.name}: shorter than a counter page's head")
    magic, names_length, count = _HEAD.unpack_from(data)
    start = _HEAD.size + names_length
    if magic != _MAGIC or len(data) != start + 8 * count:
        raise CounterPageError(f"{path.name}: not a counter page")
    try:
        names = json.loads(data[_HEAD.size : start])
    except ValueError as error:
        raise CounterPageError(f"{path.name}: damaged names") from error
    return dict(zip(names, struct.unpack_from(f"={count}Q", data, start), strict=True))
