"""A served log, read on from where the sums are. Reads files of the log and the file of the sums; writes the latter alone.

Signatures and hashes are not checked here: the page is the operator's word about the log, and says how to check it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from admin.audit.site.folding import fold
from admin.audit.site.sums import CODEC, VERSION, Sums
from blocklists.durable import read_record, write_record
from resolver.tlog import checkpoints, leaves, manifests, notes
from resolver.tlog.canonical import FormatError
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.manifests import Manifest
from resolver.tlog.tiles import TILE_WIDTH, entries_path, unpack_entries

SAVED_EVERY = 20_000
"""Leaves after which what was counted is kept: whoever ends this process takes a second's work."""


class MovedError(Exception):
    """The log has moved on meanwhile: another look finds it."""


def checkpoint_of(log: Path) -> Checkpoint:
    """The newest one. OSError; FormatError: it is none."""
    return checkpoints.parse(notes.parse_note((log / "checkpoint").read_bytes()).text)


def manifest_of(log: Path, state: str) -> Manifest:
    """The manifest of a state. OSError, FormatError."""
    return manifests.decode((log / "state" / f"{state}.json").read_bytes())


def counted(log: Path, kept: Path) -> tuple[Sums, Checkpoint]:
    """The sums up to the newest checkpoint; ``kept`` is the file in which they stay. OSError, FormatError, MovedError."""
    checkpoint = checkpoint_of(log)
    sums = read_record(kept, CODEC)
    if sums is None or not _is_of(sums, checkpoint):
        sums = Sums()
    begun = sums.size
    for data in _leaves(log, sums.size, checkpoint.size):
        fold(sums, leaves.decode(data), lambda state: manifest_of(log, state))
        if sums.size % SAVED_EVERY == 0:
            write_record(kept, CODEC, sums)
    if sums.size != begun:
        write_record(kept, CODEC, sums)
    return sums, checkpoint


def _is_of(sums: Sums, checkpoint: Checkpoint) -> bool:
    """Whether these sums are about this log and not ahead of it, as after an old copy was put in its place."""
    return (
        sums.version == VERSION
        and sums.size <= checkpoint.size
        and (not sums.size or sums.origin == checkpoint.origin)
    )


def _leaves(log: Path, start: int, size: int) -> Iterator[bytes]:
    for number in range(start // TILE_WIDTH, -(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - number * TILE_WIDTH)
        yield from _bundle(log, number, width)[max(0, start - number * TILE_WIDTH) :]


def _bundle(log: Path, number: int, width: int) -> list[bytes]:
    try:
        return unpack_entries((log / entries_path(number, width)).read_bytes(), width)
    except FileNotFoundError:
        if width == TILE_WIDTH:
            raise FormatError(f"{entries_path(number)} is missing") from None
        raise MovedError from None  # a partial bundle goes once the full one is there
