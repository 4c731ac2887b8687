"""The last hits of lists that log by name, as a ring of records in a file of the run folder.

A record has the name that was asked, its type, the list and what was done: never who asked. Nothing is kept where a
secret list names anything on the way, whichever list it was that spoke. The ring is bounded: what is older is written
over, and nothing outlives the run folder.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RECORDS = 512
RECORD_OCTETS = 384
"""A name of 255 octets as text, the list's id and the action fit; what does not is cut."""

_MAGIC = b"WEIRHIT1"
_HEAD = struct.Struct("<8sII")
_HEAD_OCTETS = 64
_FIXED = struct.Struct("<QIHBBH")  # sequence, second, qtype, octets of list, action and name
_SIZE = _HEAD_OCTETS + RECORDS * RECORD_OCTETS
_MOST_LIST, _MOST_ACTION = 64, 16
_MOST_NAME = RECORD_OCTETS - _FIXED.size - _MOST_LIST - _MOST_ACTION


@dataclass(frozen=True, slots=True)
class Hit:
    """One hit. ``second`` is Unix time; ``name`` the name that was asked, without a last dot."""

    second: int
    name: str
    qtype: int
    list_id: str
    action: str


class HitLog:
    """The worker's side. One writer."""

    def __init__(self, path: Path) -> None:
        """Make the file, empty, in place of an old one. OSError where the disk gives none."""
        self._map = _mapped(path)
        self._written = 0

    def add(self, hit: Hit) -> None:
        """Write one hit over the oldest. A record's sequence is 0 while it is being written."""
        texts = [
            hit.list_id.encode("ascii", "replace")[:_MOST_LIST],
            hit.action.encode("ascii", "replace")[:_MOST_ACTION],
            hit.name.encode("ascii", "backslashreplace")[:_MOST_NAME],
        ]
        start = _HEAD_OCTETS + self._written % RECORDS * RECORD_OCTETS
        self._written += 1
        body = b"".join(texts)
        sizes = [len(text) for text in texts]
        self._map[start : start + 8] = bytes(8)
        record = _FIXED.pack(self._written, hit.second & 0xFFFFFFFF, hit.qtype, *sizes) + body
        self._map[start + 8 : start + len(record)] = record[8:]
        self._map[start : start + 8] = record[:8]


def hit_log_path(run: Path, slot: int) -> Path:
    """The file of a worker's log in the run folder."""
    return run / f"worker-{slot}.hitlog"


def read_hit_log(path: Path) -> list[Hit]:
    """The hits of a file, oldest first; empty if it is not there or no such file."""
    try:
        first, second = path.read_bytes(), path.read_bytes()
    except OSError:
        return []
    if len(first) != _SIZE or len(second) != _SIZE or not first.startswith(_MAGIC):
        return []
    return [hit for _, hit in sorted(_records(first, second), key=lambda record: record[0])]


def _records(first: bytes, second: bytes) -> Iterator[tuple[int, Hit]]:
    """Those that are the same in both copies: the worker may be writing one of them."""
    for start in range(_HEAD_OCTETS, _SIZE, RECORD_OCTETS):
        record = first[start : start + RECORD_OCTETS]
        if record == second[start : start + RECORD_OCTETS]:
            found = _read(record)
            if found is not None:
                yield found


def _read(record: bytes) -> tuple[int, Hit] | None:
    sequence, second, qtype, list_octets, action_octets, name_octets = _FIXED.unpack_from(record)
    ends = _FIXED.size + list_octets, _FIXED.size + list_octets + action_octets
    end = ends[1] + name_octets
    if sequence == 0 or end > len(record):
        return None
    texts = record[_FIXED.size : ends[0]], record[ends[0] : ends[1]], record[ends[1] : end]
    list_id, action, name = (text.decode("ascii", "replace") for text in texts)
    return sequence, Hit(second, name, qtype, list_id, action)


def _mapped(path: Path) -> mmap.mmap:
    """Written whole: a hole that a full disk cannot fill would be a SIGBUS."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("w+b") as file:
            file.write(_HEAD.pack(_MAGIC, RECORD_OCTETS, RECORDS).ljust(_SIZE, b"\0"))
            file.flush()
            mapped = mmap.mmap(file.fileno(), _SIZE)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return mapped
