"""Which files a ``file:`` list consists of, and in what state they are.

One file; or all regular files of a folder; or those whose names match a pattern (``*``, ``?``, ``[…]`` in the last part
of the path). In the order of their names. Hidden files and those that editors and copying programs make beside the real
ones are none, nor are signatures.
"""

from __future__ import annotations

import fnmatch
import hashlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blocklists.durable import state_of
from blocklists.signatures import ENDINGS
from blocklists.sources.model import FetchError
from blocklists.sources.reading import unreadable

MAX_PARTS = 1000
"""Files in one list: more is a wrong path, such as the root of a web server."""
SETTLED = 2.0
"""Seconds after which a change of a file bears other times than the one before, on any file system."""
_BESIDE = (".tmp", ".temp", ".part", ".partial", ".swp", ".bak", "~", *ENDINGS.values())
"""What is no list by its name: unfinished copies, and signatures."""
_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a list at one moment."""

    paths: tuple[Path, ...]
    state: str
    """Another text whenever a file was added, removed, replaced or written to."""
    size: int
    changed: float
    """The last change of any of them, Unix seconds."""

    def is_settled(self, now: float) -> bool:
        """Whether any later change will show in ``state``."""
        return self.changed + SETTLED < now


def parts_of(path: Path) -> Parts:
    """The files that ``path`` stands for. FetchError if there are none, too many, or they cannot be looked at."""
    try:
        is_single, paths = _paths(path)
        stats = [each.stat() for each in paths]
        if not is_single:
            folder = path if path.is_dir() else path.parent
            stats.append(folder.stat())
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    texts = [f"{each.name}/{state_of(status)}" for each, status in zip(paths, stats, strict=False)]
    return Parts(
        tuple(paths),
        state_of(stats[0])
        if is_single
        else hashlib.sha256("\n".join(texts).encode("utf-8", "surrogateescape")).hexdigest(),
        sum(status.st_size for status in stats[: len(paths)]),
        max(max(status.st_ctime, status.st_mtime) for status in stats),
    )


def _paths(path: Path) -> tuple[bool, list[Path]]:
    if path.is_dir():
        found = sorted(_named(path, "*"))
    elif _WILD.isdisjoint(path.name) or path.exists():
        return True, [path]
    else:
        found = sorted(_named(path.parent, path.name))
    if not found:
        raise FetchError(f"{path}: no list there; put one, or check the list's url")
    if len(found) > MAX_PARTS:
        raise FetchError(f"{path}: more than {MAX_PARTS:,} files; give a folder that holds the list alone")
    return False, found


def _named(folder: Path, pattern: str) -> Iterator[Path]:
    for each in folder.iterdir():
        name = each.name
        is_meant = not name.startswith(".") and not name.lower().endswith(_BESIDE)
        if is_meant and fnmatch.fnmatchcase(name, pattern) and stat.S_ISREG(each.stat().st_mode):
            yield each
