"""A key that signs, and a small log of leaves in memory and as files: what the tests of the formats verify."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from resolver.tlog import notes, tiles, tree
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.notes import Signature, VerifierKey

ORIGIN = "isp.example/blocklog/2026"


@dataclass(frozen=True)
class Pen:
    """A key pair under a name."""

    name: str
    seed: bytes

    @property
    def key(self) -> VerifierKey:
        return VerifierKey.of_ed25519(self.name, self._private.public_key().public_bytes_raw())

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def signature(self, text: str) -> Signature:
        return Signature(self.name, self.key.key_id, self._private.sign(text.encode()))

    def note(self, text: str) -> bytes:
        return notes.signed(text, [self.signature(text)])


@dataclass(frozen=True)
class SmallLog:
    """Leaves, and a key that signs their tree."""

    leaves: tuple[bytes, ...]
    pen: Pen

    def hashes(self, height: int, number: int) -> bytes:
        row = [tree.leaf_hash(leaf) for leaf in self.leaves[number << height : (number + 1) << height]]
        assert len(row) == 1 << height, "no full subtree"
        while len(row) > 1:
            row = [tree.node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    def root(self, size: int | None = None) -> bytes:
        return tree.root(len(self.leaves) if size is None else size, self.hashes)

    def checkpoint(self, size: int | None = None) -> bytes:
        size = len(self.leaves) if size is None else size
        return self.pen.note(Checkpoint(self.pen.name, size, self.root(size)).body)

    def write(self, folder: Path) -> Path:
        """All files that the newest checkpoint needs; partial tiles of earlier sizes are gone."""
        for tile in tiles.new_tiles(0, len(self.leaves)):
            first, height = tile.number * tiles.TILE_WIDTH, tile.level * tiles.TILE_HEIGHT
            row = [self.hashes(height, first + at) for at in range(tile.width)]
            _write(folder / tile.path, tiles.pack_hashes(row))
            if tile.level == 0:
                entries = self.leaves[first : first + tile.width]
                _write(folder / tiles.entries_path(tile.number, tile.width), tiles.pack_entries(entries))
        _write(folder / "checkpoint", self.checkpoint())
        _write(folder.with_name(folder.name + ".vkey"), self.pen.key.text.encode() + b"\n")
        return folder


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture(scope="session")
def pen() -> Pen:
    """The log's key."""
    return Pen(ORIGIN, bytes(range(32)))


@pytest.fixture(scope="session")
def other_pen() -> Pen:
    """A key of the same name that nobody trusts."""
    return Pen(ORIGIN, bytes(32))


@pytest.fixture(scope="session")
def log_of(pen: Pen) -> Callable[[Sequence[bytes]], SmallLog]:
    """``log_of(leaves)``."""
    return lambda leaves: SmallLog(tuple(leaves), pen)
