"""The folder into which an opened list is written, and read again: the texts, and one record of what opens them.

Everything in it is for its owner alone: whoever reads it has the list. Nothing is ever written over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RECORD = "opening.json"
MODE = 0o600
_KEYS = frozenset({"list", "state", "parts", "v"})


class FolderError(ValueError):
    """It is no folder of an opened list; the message says what is wrong with which file."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One text: ``part`` is ``entries`` or ``edits``, ``leaf`` says where the log tells that it was given out."""

    part: str
    text: bytes = field(repr=False)
    opening: str = field(repr=False)
    """32 bytes, hexadecimal."""
    leaf: str


def write_folder(folder: Path, list_id: str, state: str, parts: Mapping[str, Opened]) -> None:
    """Write texts first, the record last: a folder with a record is whole. What cannot be whole is taken away again.

    OSError; FileExistsError if there is such a file.
    """
    record = {
        "list": list_id,
        "state": state,
        "parts": {name: {"leaf": one.leaf, "opening": one.opening} for name, one in parts.items()},
        "v": 1,
    }
    files = {folder / f"{one.part}.txt": one.text for one in parts.values()}
    files[folder / RECORD] = json.dumps(record, indent=2, sort_keys=True).encode() + b"\n"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    done: list[Path] = []
    try:
        for path, data in files.items():
            write_private(path, data)
            done.append(path)
    except OSError:
        for path in done:
            path.unlink(missing_ok=True)
        raise


def read_folder(folder: Path) -> tuple[str, str, tuple[Opened, ...]]:
    """List, state and texts. FolderError, OSError."""
    place = folder / RECORD
    try:
        record = _checked(json.loads(place.read_bytes()))
        return str(record["list"]), str(record["state"]), tuple(_parts(folder, record["parts"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{place}: no record of an opened list: {error}") from error


def write_private(path: Path, data: bytes) -> None:
    """A new file that its owner alone can read; none if it cannot be whole. OSError; FileExistsError if there is one."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _checked(record: object) -> dict[str, Any]:
    if not isinstance(record, dict) or set(record) != _KEYS or record["v"] != 1:
        raise FolderError("it has other keys than this version writes")
    return record


def _parts(folder: Path, parts: Mapping[str, Mapping[str, str]]) -> Iterator[Opened]:
    for name, said in sorted(parts.items()):
        if name not in ("entries", "edits"):
            raise FolderError(f"{folder / RECORD}: there is no part {name[:20]!r}")
        yield Opened(name, (folder / f"{name}.txt").read_bytes(), str(said["opening"]), str(said["leaf"]))
