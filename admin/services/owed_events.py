"""Events of what has happened already, on their way to the database: in one small file, so that they outlive whoever notes
them.

Each line is a checksum and an announcement; the file is written durably before anybody goes on. What stands there and was
told is told again after a crash, and then recognised by its mark. Nothing here knows a database. Rule: it is bounded; of
too many the oldest are given up, and that is said. A disk that takes nothing costs the file, not the event: it then
waits in memory.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from admin.audit.events import Event
from admin.services.actors import Actor
from admin.services.announced import Announcement, announcement, read_announcement
from blocklists.private_files import write_private
from resolver.runtime.logs import get_logger

MOST_OWED = 10_000
"""Events that are kept while the database is away; hardly a day has ten of this sort."""
_CHECK = 16
"""Hexadecimal digits of SHA-256 before each line."""
_log = get_logger("weir.store")


class OwedEvents:
    """One file. Thread-safe; one process at a time, which holds control's lock."""

    def __init__(self, path: Path | None) -> None:
        """What an earlier process left is owed first. None: nothing outlives this process."""
        self._path = path
        self._lock = threading.Lock()
        self._first = 0
        """The number of the oldest one."""
        self._lines: deque[str] = deque()
        self._stale = False
        """Whether the file is other than what is owed."""
        if path is not None:
            self._lines.extend(_read(path))
            self._stale = True  # its last line may be torn

    def __bool__(self) -> bool:
        """Whether any is owed."""
        return bool(self._lines)

    def add(self, event: Event, actor: Actor, at: float, mark: str = "") -> None:
        """Owe one more event, durably. ``at`` is Unix seconds; ``mark`` as for ``announcement``."""
        line = announcement(event, actor, at, mark)
        with self._lock:
            if len(self._lines) == MOST_OWED:
                self._drop(1)
                self._stale = True
                _log.error("an audit event is lost: the database is away for too long")
            self._lines.append(line)
            self._keep(line)

    def waiting(self) -> tuple[int, Sequence[Announcement]]:
        """Those that are owed, oldest first, and what ``paid`` is to be told once they are in the database."""
        with self._lock:
            until, lines = self._first + len(self._lines), list(self._lines)
        return until, [found for line in lines if (found := read_announcement(line)) is not None]

    def paid(self, until: int) -> None:
        """All before this number are in the database."""
        with self._lock:
            self._drop(max(0, until - self._first))
            self._rewrite()

    def _drop(self, number: int) -> None:
        for _ in range(min(number, len(self._lines))):
            self._lines.popleft()
        self._first += number

    def _keep(self, line: str) -> None:
        if self._path is None:
            return
        if self._stale or len(self._lines) == 1:
            self._rewrite()
            return
        try:
            _append(self._path, _checked(line))
        except OSError as error:
            self._failed(error)

    def _rewrite(self) -> None:
        if self._path is None:
            return
        try:
            if self._lines:
                write_private(self._path, b"".join(map(_checked, self._lines)))
            else:
                self._path.unlink(missing_ok=True)
            self._stale = False
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        """What is told and still stands there is told again at the next start, and known then."""
        self._stale = True
        _log.error("events that are owed to the audit log are kept in memory only", problem=str(error))


def _append(path: Path, line: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    try:
        if os.write(handle, line) != len(line):
            raise OSError(None, "the disk took a part of a line", str(path))
        os.fsync(handle)
    finally:
        os.close(handle)


def _checked(line: str) -> bytes:
    body = line.encode()
    return b"%s %s\n" % (_check(body), body)


def _check(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:_CHECK].encode()


def _read(path: Path) -> list[str]:
    """The whole lines of the file, as it is on the disk; one that was torn by a crash was never acknowledged."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        _log.error("events that an earlier process owed cannot be read", problem=str(error))
        return []
    lines = data.split(b"\n")
    good = [line[_CHECK + 1 :].decode(errors="replace") for line in lines if _is_whole(line)]
    if damaged := sum(map(bool, lines)) - len(good):
        _log.error("events that an earlier process owed are damaged", lines=damaged)
    return good[-MOST_OWED:]


def _is_whole(line: bytes) -> bool:
    return line[_CHECK : _CHECK + 1] == b" " and line[:_CHECK] == _check(line[_CHECK + 1 :])
