"""What was compiled last, and the record of it beside the compiled lists.

With the record a process that starts knows whether the compiled lists in force are those that it would make, so that it
need not make them again. It is written after whatever it tells of is durable, and taken back before that changes: one that
is missing or out of date costs a compilation, never a wrong state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from admin.control.editing import Basis
from admin.services.publish import Snapshot
from blocklists.durable import read_record, sync_folder, write_record
from blocklists.edits import Edit
from blocklists.model import ListSource
from blocklists.snapshot.above_stops import AboveStops

Fingerprint = tuple[tuple[ListSource, str], ...]
"""The lists that were compiled, each with the digest of its version."""

FILE = "compiled.json"
VERSION = 1
"""Of the record, and of how texts are read: raised when the same texts would be compiled to something else."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Lists in force or about to be. ``basis`` None: an earlier process compiled them."""

    fingerprint: Fingerprint
    snapshot: Snapshot
    basis: Basis | None
    shield: str
    """The protected names (``Guard.shield``) that they were held against."""
    edits: str
    """Digest of the edits that they were compiled with (``digest_of_edits``)."""


@dataclass(frozen=True, slots=True)
class Record:
    """``Compiled`` on disk; sources and suffixes by digests."""

    version: int
    snapshot: str
    serial: int
    """Of the compiled lists with their changes: another one says that they were changed since."""
    lists: tuple[tuple[str, str], ...]
    suffixes: str
    shield: str
    edits: str
    above_stops: AboveStops | None


_codec: TypeAdapter[Record] = TypeAdapter(Record)


def keep(state: Path, compiled: Compiled, serial: int, suffixes: str) -> None:
    """Write the record, if it is not there already. OSError leaves the one before, which tells of other compiled lists or of
    another serial.
    """
    lists = tuple((digest_of(source), digest) for source, digest in compiled.fingerprint)
    snapshot = compiled.snapshot
    record = Record(
        VERSION, snapshot.name, serial, lists, suffixes, compiled.shield, compiled.edits, snapshot.above_stops
    )
    # Whoever changes a profile would wait twice for the disk.
    if read_record(state / FILE, _codec) != record:
        write_record(state / FILE, _codec, record)


def take_back(state: Path) -> None:
    """Remove the record, durably. OSError."""
    (state / FILE).unlink(missing_ok=True)
    sync_folder(state)


def recall(
    state: Path, snapshot: Snapshot, serial: int, wanted: Fingerprint, edits: str, suffixes: str
) -> tuple[Fingerprint, str, AboveStops | None] | None:
    """Which versions of the ``wanted`` lists are in the ``snapshot`` in force, what they were held against, and the names
    above its stops; None if that is not known or it was made of other lists or with other edits.
    """
    record = read_record(state / FILE, _codec)
    sources = tuple(digest_of(source) for source, _ in wanted)
    if record is None or tuple(source for source, _ in record.lists) != sources:
        return None
    if (record.version, record.snapshot, record.serial) != (VERSION, snapshot.name, serial):
        return None
    if (record.edits, record.suffixes) != (edits, suffixes):
        return None
    fingerprint = tuple(
        (source, digest) for (source, _), (_, digest) in zip(wanted, record.lists, strict=True)
    )
    return fingerprint, record.shield, record.above_stops


def digest_of(source: ListSource) -> str:
    """SHA-256 of all that is configured of a list."""
    return hashlib.sha256(repr(source).encode()).hexdigest()


def digest_of_edits(edits: Mapping[str, Sequence[Edit]]) -> str:
    """SHA-256 of all edits."""
    return hashlib.sha256(
        repr(sorted((key, tuple(value)) for key, value in edits.items())).encode()
    ).hexdigest()
