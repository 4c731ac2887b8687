"""Copies of a log that an appliance wrote, and forgeries of it: by a thief of files, and by whoever has the log's own key."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from admin.audit.keys import KeyRef, load_key
from blocklists.properties import Secret
from resolver.tlog import checkpoints, tree
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.notes import Signature, signed
from resolver.tlog.tiles import TILE_WIDTH, entries_path, new_tiles, pack_entries, unpack_entries

Leaf = dict[str, Any]


@dataclass(frozen=True)
class Copy:
    """A copied log. ``key`` is the file of its private key, ``vkeys`` that of its verifier keys."""

    log: Path
    key: Path
    vkeys: Path

    @property
    def checkpoint(self) -> Checkpoint:
        """What it says of itself; nothing is verified."""
        return checkpoints.parse((self.log / "checkpoint").read_text().partition("\n\n")[0] + "\n")

    def leaves(self) -> list[Leaf]:
        """All leaves; there is one bundle of them at most."""
        size = self.checkpoint.size
        assert size <= TILE_WIDTH
        return [
            json.loads(leaf) for leaf in unpack_entries((self.log / entries_path(0, size)).read_bytes(), size)
        ]

    def rewrite(self, leaves: Iterable[Leaf]) -> None:
        """Another history in its place, with all tiles and checkpoints, signed by the log's own key."""
        origin, sizes = self.checkpoint.origin, sorted(int(path.name) for path in self.log.glob("cp/*"))
        data = [_encoded(leaf) for leaf in leaves]
        for folder in ("tile", "cp"):
            shutil.rmtree(self.log / folder)
        before = 0
        for size in sorted({*(size for size in sizes if size < len(data)), len(data)}):
            self._put(f"cp/{size}", self._note(origin, data[:size]))
            for tile in new_tiles(before, size):
                assert (tile.level, tile.number) == (0, 0)
                self._put(tile.path, b"".join(map(tree.leaf_hash, data[: tile.width])))
                self._put(entries_path(0, tile.width), pack_entries(data[: tile.width]))
            before = size
        self._put("checkpoint", self._note(origin, data))

    def _note(self, origin: str, data: Sequence[bytes]) -> bytes:
        body = Checkpoint(origin, len(data), tree.root(len(data), _hashes(data))).body
        key = load_key(KeyRef(Secret(path=str(self.key))), origin, making=False)
        signature = key.private.sign(body.encode())
        return signed(body, [Signature(key.public.name, key.public.key_id, signature)])

    def _put(self, path: str, data: bytes) -> None:
        (self.log / path).parent.mkdir(parents=True, exist_ok=True)
        (self.log / path).write_bytes(data)

    def verify(self, *options: str | Path) -> subprocess.CompletedProcess[str]:
        """``weir audit verify`` of this copy."""
        weir = Path(sys.executable).parent / "weir"
        evidence = ("--evidence", self.log.parent / "evidence")
        command = [str(part) for part in (weir, "audit", "verify", self.log, "--key", self.vkeys, *evidence)]
        command += [str(option) for option in options]
        return subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)

    def evidence(self) -> list[str]:
        """The signed notes that the verifier has left as evidence."""
        return [path.read_text() for path in sorted(self.log.parent.glob("evidence-*.checkpoint"))]


def _encoded(leaf: Leaf) -> bytes:
    return json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _hashes(data: Sequence[bytes]) -> tree.Hashes:
    @cache
    def subtree(height: int, number: int) -> bytes:
        if height == 0:
            return tree.leaf_hash(data[number])
        return tree.node_hash(subtree(height - 1, 2 * number), subtree(height - 1, 2 * number + 1))

    return subtree


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path], Copy]:
    """``copied(data_dir)``: the log of an appliance, copied."""

    def copy(data: Path) -> Copy:
        shutil.copytree(data / "log", tmp_path / "log")
        (key,) = (data / "log-keys").glob("*/*.key")
        return Copy(tmp_path / "log", key, data / "log.vkey")

    return copy
