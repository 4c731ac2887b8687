"""The log's files: staged, moved to where they are served, published, settled, and the partial tiles cleared away.

``log/`` is served and holds nothing but finished files; ``log-staging/`` is not. What is staged stays until what is served
of it is on the disk (``settle``), so what a power cut takes away is still there once more. When any of this is done is not
decided here (``recovery``, ``admin.control.public_log``).
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from admin.audit.bundles import Bundle
from admin.audit.disk import Disk
from admin.audit.journal import Journal
from resolver.tlog.canonical import FormatError

CHECKPOINT = "checkpoint"
MOST_STAGED = 64 << 20
"""Bytes; about as many as a start applies again within seconds."""
_PUBLISHED = "cp"
_JOURNAL = "journal"
_PARTIAL = ".p/"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class DamageError(OSError):
    """What was written is not what is read: the disk or the memory fails."""


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where one log lies."""

    served: Path
    staging: Path


class LogFiles:
    """The files of one log. One user at a time; errors are OSError."""

    def __init__(self, place: LogPlace, disk: Disk) -> None:
        """Nothing is read or written yet; ``settle`` comes before anything is staged."""
        self._place, self._disk = place, disk
        self._journal = Journal(place.staging / _JOURNAL, disk)
        self._unsettled = 0
        self._filled: list[str] = []
        """Full tiles that are served and not known to be on the disk."""

    # ---- staging ----

    def stage(self, bundle: Bundle) -> Bundle:
        """Write down durably what an append adds; returns what the disk gives back. DamageError: it is torn."""
        if self._journal.size > MOST_STAGED:
            self.settle()
        self._journal.add(bundle)
        try:
            return self._journal.last()
        except FormatError as error:
            raise DamageError(f"{self._place.staging}: {error}; check disk and memory") from error

    def staged(self) -> list[Bundle]:
        """What is staged, each leading on from the one before."""
        return self._journal.read()

    # ---- serving ----

    def apply(self, files: Mapping[str, bytes], bundle: Bundle, *, again: bool = False) -> None:
        """Let the files of an append be served: ``files`` are its tiles. Not yet durable: it stays staged until ``settle``.

        ``again``: what became of them is not known, so that the checkpoint of before is served once more, too.
        """
        for name, data in files.items():
            self.put(name, data)
        for name, data in bundle.files.items():
            if again or not name.startswith(f"{_PUBLISHED}/"):
                self.put(name, data)

    def put(self, name: str, data: bytes) -> None:
        """Serve this under ``name``; durable with the next ``settle``."""
        # What no published checkpoint speaks of yet is asked for by nobody; full tiles are, by whoever lacks a partial one.
        unread = _PARTIAL in name or name.startswith(f"{_PUBLISHED}/")
        self._disk.write(self._place.served / name, data, whole=not unread)
        self._unsettled += 1
        if name.startswith("tile/") and _PARTIAL not in name:
            self._filled.append(name)

    def publish(self, size: int, note: bytes) -> None:
        """Let everybody know this checkpoint."""
        name = f"{_PUBLISHED}/{size}"
        self.put(name, note)
        try:
            self._disk.name_again(self._place.served / name, self._place.served / CHECKPOINT)
            self._unsettled += 1
        except OSError:  # a file system without hard links; what else is wrong shows with this, too
            self.put(CHECKPOINT, note)

    def read(self, name: str) -> bytes:
        """A served file."""
        return self._disk.read(self._place.served / name)

    def find(self, name: str) -> bytes | None:
        """A served file; None if there is none."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return self.read(name)
        return None

    def has(self, name: str) -> bool:
        """Whether something is served under this name."""
        return (self._place.served / name).is_file()

    def remove(self, name: str) -> None:
        """Serve this no more."""
        self._disk.remove(self._place.served / name)

    def published_sizes(self) -> list[int]:
        """The sizes of all checkpoints that were ever published here, in no order."""
        return [int(name) for name in _names(self._place.served / _PUBLISHED) if _NUMBER.fullmatch(name)]

    def partial(self, full: str) -> list[int]:
        """The widths of the partial tiles that are served of what becomes ``full``."""
        return [int(name) for name in _names(self._place.served / f"{full}.p") if _NUMBER.fullmatch(name)]

    # ---- settling ----

    @property
    def unsettled(self) -> int:
        """How many files wait to be settled."""
        return self._unsettled

    def settle(self) -> None:
        """Wait until all that is served is on the disk; then drop what is staged of it and the partial tiles that a full
        one stands for. The caller sees to it that nothing staged is still to be applied.

        Not while appends follow one another: ext4 passes over what was removed in the last seconds, inode by inode, for
        every file that is made.
        """
        if self._unsettled:
            self._disk.flush_all(self._place.served if self._place.served.exists() else self._place.staging)
        self._journal.rewind()
        filled, self._filled, self._unsettled = self._filled, [], 0
        for name in filled:
            shutil.rmtree(self._place.served / f"{name}.p", ignore_errors=True)

    def clear_partials(self) -> None:
        """Drop every partial tile whose full one is served: what an earlier process left."""
        for folder in (self._place.served / "tile").rglob("*.p"):
            if folder.with_suffix("").is_file():
                shutil.rmtree(folder, ignore_errors=True)


def _names(folder: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for item in folder.iterdir():
            yield item.name
