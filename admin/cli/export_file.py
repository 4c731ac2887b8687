"""A file that an export is written to, with a cursor in a side file: whatever dies when, it goes on without gap or double.

Lines are durable before the cursor says so. What stands behind the cursor's place was cut off by a crash: it is taken
away, and written again, byte for byte. Nothing here asks for events.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from blocklists.durable import write_file

SUFFIX = ".cursor"


class ExportFileError(Exception):
    """The file cannot be gone on with; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an export came: the last event, and how long the file was with it (bytes)."""

    format: str
    sequence: int
    size: int


_codec: TypeAdapter[Cursor] = TypeAdapter(Cursor)


class ExportFile:
    """One file that grows. One process at a time."""

    def __init__(self, path: Path, form: str, after: int, *, resume: bool) -> None:
        """Begin behind the event ``after``, or where the export before came to. ExportFileError, OSError."""
        self._path, self._side = path, path.with_name(path.name + SUFFIX)
        self._cursor = self._resumed(form) if resume else self._begun(form, after)

    @property
    def sequence(self) -> int:
        """The last event that is in the file."""
        return self._cursor.sequence

    def add(self, lines: bytes, last: int) -> None:
        """Write whole lines, of which the last one is of the event ``last``. OSError leaves the cursor where it was."""
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:  # it is not cut: the handle is open already
            file.seek(self._cursor.size)
            file.write(lines)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        self._keep(Cursor(self._cursor.format, last, self._cursor.size + len(lines)))

    def _begun(self, form: str, after: int) -> Cursor:
        if self._path.exists() and self._path.stat().st_size:
            raise ExportFileError(f"{self._path} has something in it already: say --resume, or another file")
        return self._keep(Cursor(form, after, 0))

    def _resumed(self, form: str) -> Cursor:
        try:
            cursor = _codec.validate_json(self._side.read_bytes())
        except FileNotFoundError:
            return self._begun(form, 0)
        except (OSError, ValidationError) as error:
            raise ExportFileError(
                f"{self._side} cannot be read ({type(error).__name__}): say with --after where to go on, into another file"
            ) from error
        if cursor.format != form:
            raise ExportFileError(f"{self._path} was begun with --format {cursor.format}")
        size = self._path.stat().st_size if self._path.exists() else 0
        if size > cursor.size:
            os.truncate(self._path, cursor.size)
        # A file that is shorter was moved away: what comes next begins a new one.
        return self._keep(Cursor(form, cursor.sequence, min(size, cursor.size)))

    def _keep(self, cursor: Cursor) -> Cursor:
        write_file(self._side, json.dumps(asdict(cursor)).encode())
        self._cursor = cursor
        return cursor
