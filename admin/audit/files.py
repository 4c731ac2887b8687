"""The log's files: staged, moved to where they are served, published, settled, and the partial tiles cleared away.

``log/`` is served and holds nothing but finished files; ``log-staging/`` is not. Nothing is staged under the same name
before what is served of it is on the disk (``settle``), so what a power cut takes away is still there once more. When any
of this is done is not decided here (``recovery``, ``admin.control.public_log``).
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from admin.audit.bundles import Bundle, decode_bundle
from admin.audit.disk import Disk
from resolver.tlog.canonical import FormatError

CHECKPOINT = "checkpoint"
_PUBLISHED = "cp"
_BUNDLE = re.compile(r"(0|[1-9][0-9]{0,15})\.bundle", re.ASCII)
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
        """Nothing is read or written yet."""
        self._place, self._disk = place, disk
        self._moved: list[str] = []
        """What is served and not known to be on the disk."""

    # ---- staging ----

    def stage(self, bundle: Bundle) -> None:
        """Write the files of an append where nobody sees them, durably."""
        self._disk.write(self._bundle(bundle.after.size), bundle.encode(), durable=True, whole=False)

    def staged(self) -> list[tuple[int, Bundle | None]]:
        """What is staged, by the size it leads to, from the largest; None: it is torn."""
        found: list[tuple[int, Bundle | None]] = []
        for size in sorted(self._staged_sizes(), reverse=True):
            try:
                found.append((size, decode_bundle(self._disk.read(self._bundle(size)))))
            except FormatError:
                found.append((size, None))
        return found

    def staged_again(self, size: int) -> Bundle:
        """What is staged for this size, read from the disk. DamageError: it is torn."""
        try:
            return decode_bundle(self._disk.read(self._bundle(size)))
        except FormatError as error:
            raise DamageError(f"{self._bundle(size)}: {error}; check disk and memory") from error

    def unstage(self, size: int) -> None:
        """Forget what was staged for this size."""
        self._disk.remove(self._bundle(size))

    # ---- serving ----

    def apply(self, bundle: Bundle, *, again: bool = False) -> None:
        """Let the files of an append be served. Not yet durable: what is staged stays until ``settle``.

        ``again``: what became of them is not known, so that the checkpoint of before is served once more, too.
        """
        for name, data in bundle.files.items():
            if again or not name.startswith(f"{_PUBLISHED}/"):
                self.put(name, data)

    def put(self, name: str, data: bytes) -> None:
        """Serve this under ``name``; durable with the next ``settle``."""
        # What no published checkpoint speaks of yet is asked for by nobody; full tiles are, by whoever lacks a partial one.
        unread = ".p/" in name or name.startswith(f"{_PUBLISHED}/")
        self._disk.write(self._place.served / name, data, durable=False, whole=not unread)
        self._moved.append(name)

    def publish(self, size: int, note: bytes) -> None:
        """Let everybody know this checkpoint."""
        self.put(f"{_PUBLISHED}/{size}", note)
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
        return len(self._moved)

    def settle(self) -> None:
        """Wait until all that is served is on the disk; then drop what is staged of it and the partial tiles that a full
        one stands for. The caller sees to it that nothing staged is still to be applied.
        """
        moved, sizes = self._moved, self._staged_sizes()
        if not moved and not sizes:
            return
        self._disk.flush_all(self._place.served if self._place.served.exists() else self._place.staging)
        self._moved = []
        for size in sizes:
            self.unstage(size)
        for name in moved:
            self._drop_partials(name)

    def clear_partials(self) -> None:
        """Drop every partial tile whose full one is served: what an earlier process left."""
        for folder in (self._place.served / "tile").rglob("*.p"):
            if folder.with_suffix("").is_file():
                shutil.rmtree(folder, ignore_errors=True)

    def _drop_partials(self, name: str) -> None:
        if name.startswith("tile/") and ".p/" not in name:
            shutil.rmtree(self._place.served / f"{name}.p", ignore_errors=True)

    def _bundle(self, size: int) -> Path:
        return self._place.staging / f"{size}.bundle"

    def _staged_sizes(self) -> list[int]:
        return [int(match[1]) for name in _names(self._place.staging) if (match := _BUNDLE.fullmatch(name))]


def _names(folder: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for item in folder.iterdir():
            yield item.name
