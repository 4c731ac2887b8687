"""The edits of one list on disk: a file that is only ever appended to, one record per line, each with its checksum.

A record is durable before it is acknowledged. A process that dies while it appends leaves a last line that is not
whole: it is passed over, and cut off before the next record is written. A line that is damaged elsewhere is passed
over as well and counted: the others still hold.

A record may carry a note: the words of whoever keeps the journal about these edits, durable with them or not at all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from blocklists.durable import sync_folder, write_file
from blocklists.edits import Edit, combine

_CHECKSUM = 16
"""Hexadecimal digits: enough to find damage; this is no protection against a forger."""
_SLACK = 1_000
"""Edits that may be superseded before the file is written anew."""

NOTES_KEPT = 1_000
"""The newest notes survive when a file is written anew; whoever wrote them reads them long before that."""


@dataclass(frozen=True, slots=True)
class _Noted:
    edits: tuple[Edit, ...]
    note: str


_codec: TypeAdapter[tuple[Edit, ...] | _Noted] = TypeAdapter(tuple[Edit, ...] | _Noted)


@dataclass(frozen=True, slots=True)
class Journal:
    """What a file says: all edits and notes in their order, and how many lines are damaged."""

    edits: tuple[Edit, ...] = ()
    damaged: int = 0
    notes: tuple[str, ...] = ()


def read_journal(path: Path) -> Journal:
    """Read a file; an absent one is empty. OSError as from open(2)."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Journal()
    whole, _, _torn = data.rpartition(b"\n")
    edits: list[Edit] = []
    notes: list[str] = []
    damaged = 0
    for line in whole.split(b"\n") if whole else ():
        record = _decode(line)
        if record is None:
            damaged += 1
            continue
        edits += record.edits
        if record.note:
            notes.append(record.note)
    return Journal(tuple(edits), damaged, tuple(notes))


def append_edits(path: Path, edits: Sequence[Edit], note: str = "") -> None:
    """Add one record, durably and as a whole. OSError (disk full, …) leaves what was there before."""
    is_new = not path.exists()
    end = 0 if is_new else path.read_bytes().rfind(b"\n") + 1
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        os.ftruncate(handle, end)
        os.lseek(handle, end, os.SEEK_SET)
        try:
            _write_all(handle, _encode(edits, note))
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, end)
            raise
    finally:
        os.close(handle)
    if is_new:
        sync_folder(path.parent)


def tidy_journal(path: Path) -> None:
    """Write a file anew if most of its edits are superseded. OSError leaves the old one."""
    journal = read_journal(path)
    kept = combine(journal.edits)
    if len(journal.edits) > 2 * len(kept) + _SLACK:
        notes = (_encode((), note) for note in journal.notes[-NOTES_KEPT:])
        write_file(path, (_encode(kept) if kept else b"") + b"".join(notes))


def _encode(edits: Sequence[Edit], note: str = "") -> bytes:
    body = _codec.dump_json(_Noted(tuple(edits), note) if note else tuple(edits))
    return hashlib.sha256(body).hexdigest()[:_CHECKSUM].encode() + b" " + body + b"\n"


def _decode(line: bytes) -> _Noted | None:
    digest, _, body = line.partition(b" ")
    if hashlib.sha256(body).hexdigest()[:_CHECKSUM].encode() != digest:
        return None
    try:
        record = _codec.validate_json(body)
    except ValidationError:
        return None
    return record if isinstance(record, _Noted) else _Noted(record, "")


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
