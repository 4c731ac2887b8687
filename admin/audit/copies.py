"""A copy of a public log, as a folder or an address: its checkpoints, leaves and the hashes that proofs are made of.

Reads only what it is asked for, and believes nothing: whoever makes a proof from a copy checks it against a signed root.
What a whole log is worth is for ``verifier`` to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from admin.audit.verifier import FailedError, Key, Source, UndecidedError
from admin.audit.verifying import verify
from resolver.tlog import checkpoints, notes
from resolver.tlog.canonical import FormatError
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.notes import VerifierKey
from resolver.tlog.tiles import TILE_WIDTH, Tile, entries_path, hashes_from, tile_path, unpack_entries
from resolver.tlog.tree import Hashes

_TILES = 512
"""Tiles kept in memory: 4 MiB; a proof needs three of a log of a million leaves."""


class Copy:
    """A copy of a log. Errors: ``FailedError`` for what cannot be right, ``UndecidedError`` for what cannot be read."""

    def __init__(self, where: str) -> None:
        """``where`` is a folder, or the address of one. Nothing is read yet."""
        self.source = Source(where)
        self._tile = lru_cache(_TILES)(self._read_tile)

    def note(self, size: int | None = None) -> bytes:
        """The signed checkpoint of a size, or the latest."""
        path = "checkpoint" if size is None else f"cp/{size}"
        data = self.source.read(path)
        if data is None:
            raise UndecidedError(f"{self.source.where}{path}: there is no such checkpoint")
        return data

    def leaf(self, index: int, size: int) -> bytes:
        """A leaf of the tree of this size."""
        number, entry = divmod(index, TILE_WIDTH)
        width = min(TILE_WIDTH, size - number * TILE_WIDTH)
        for path, count in ((entries_path(number, width), width), (entries_path(number), TILE_WIDTH)):
            data = self.source.read(path)
            if data is None:
                continue
            try:
                return unpack_entries(data, count)[entry]
            except FormatError as error:
                raise FailedError(f"{path}: {error}") from error
        raise FailedError(f"{entries_path(number, width)}: missing")

    def hashes(self, size: int) -> Hashes:
        """The hashes of the tree of this size, as the tiles have them."""
        return hashes_from(lambda tile: self._tile(*tile), size)

    def _read_tile(self, level: int, number: int, width: int) -> bytes:
        path = Tile(level, number, width).path
        data = self.source.read(path)
        if data is None and width < TILE_WIDTH:
            full = self.source.read(tile_path(level, number))
            data = None if full is None else full[: 32 * width]
        if data is None:
            raise FailedError(f"{path}: missing")
        return data


def opened(note: bytes, keys: Iterable[VerifierKey], place: str) -> Checkpoint:
    """A checkpoint that a key with the log's name has signed. ``FailedError``."""
    try:
        checkpoint = checkpoints.parse(notes.parse_note(note).text)
        notes.opened(note, [key for key in keys if key.name == checkpoint.origin], verify)
    except FormatError as error:
        raise FailedError(f"{place}: {error}") from error
    return checkpoint


def replay_keys(text: str) -> list[Key]:
    """The same keys as ``keys_of``, as ``verifier.Replay`` wants them. ValueError."""
    return [Key.parse(key.text) for key in keys_of(text)]


def keys_of(text: str) -> list[VerifierKey]:
    """The Ed25519 keys of a file of vkeys, one a line; ``#`` begins a remark. ValueError: there is none, or a line is none;
    it does not have the line, which may be a private key by mistake.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [notes.VerifierKey.parse(line) for line in lines]
    if not any(key.kind == notes.ED25519 for key in found):
        raise ValueError("there is no Ed25519 key in it")
    return [key for key in found if key.kind == notes.ED25519]
