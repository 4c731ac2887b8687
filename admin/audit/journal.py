"""What was staged since the log's files were last made durable: one file, written one behind the other and then from the
beginning again, so that staging an append is one write and one wait for the disk.

What stands in it is not judged here (``recovery``); a torn end, and what an earlier round left behind it, is passed over.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from admin.audit.bundles import Bundle, bundles_in, decode_bundle
from admin.audit.disk import Disk

KEPT = 8 << 20
"""Bytes that the file may keep on the disk while nothing is staged. Writing over them is cheaper than making it anew."""
_NOTHING = bytes(8)
"""In place of a length: nothing is staged from here on."""


class Journal:
    """One log's journal. One user at a time; errors are OSError."""

    def __init__(self, path: Path, disk: Disk) -> None:
        """``rewind`` comes before the first ``add``."""
        self._path, self._disk = path, disk
        self._end, self._last = 0, 0
        self._is_named = False
        """Whether the file's name is known to be on the disk."""

    @property
    def size(self) -> int:
        """Bytes that were added since ``rewind``."""
        return self._end

    def add(self, bundle: Bundle) -> None:
        """Write this behind all else, and wait until it is on the disk."""
        data = bundle.encode()
        self._disk.change(self._path, data, self._end, durable=True)
        if not self._is_named:
            self._disk.flush_folder(self._path.parent)
            self._is_named = True
        self._last, self._end = self._end, self._end + len(data)

    def last(self) -> Bundle:
        """What was added last, as the disk gives it back. FormatError: it is torn."""
        return decode_bundle(self._disk.read(self._path, self._last, self._end - self._last))

    def read(self) -> list[Bundle]:
        """All that stands in it, in the order in which it was added."""
        with contextlib.suppress(FileNotFoundError):
            return list(bundles_in(self._disk.read(self._path)))
        return []

    def rewind(self) -> None:
        """Forget everything. If a power cut takes that back, what was staged is there once more: nothing is lost by it."""
        size = self._disk.size(self._path)
        if size > KEPT:
            self._disk.remove(self._path)
            self._is_named = False
        elif size:
            self._disk.change(self._path, _NOTHING, 0, durable=False)
        self._end = self._last = 0
