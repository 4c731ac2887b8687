"""A log made leaf by leaf, in memory and as files with a signed checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from admin.audit.report.computing import Walk
from admin.audit.report.growing import Tree
from admin.audit.report.period import of
from resolver.tlog import canonical, leaves, manifests
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaves import Leaf, LeafActor, Role
from resolver.tlog.manifests import ListState, Manifest
from resolver.tlog.notes import Signature, VerifierKey, signed
from resolver.tlog.tiles import entries_path, new_tiles, pack_entries, pack_hashes, widths_for
from resolver.tlog.tree import leaf_hash, node_hash

ORIGIN = "isp.example/blocklog/2026"
SNAP = "ab" * 32


def at(text: str) -> int:
    """POSIX seconds of ``2026-01-05 12:00:00``, or of a day."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@dataclass
class LogMaker:
    """Grows a log."""

    origin: str = ORIGIN
    key: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(32)))
    leaves: list[Leaf] = field(default_factory=list)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    lists: dict[str, ListState] = field(default_factory=dict)
    state: str = ZERO_HASH
    before: LogMaker | None = None

    @property
    def vkey(self) -> VerifierKey:
        return VerifierKey.of_ed25519(self.origin, self.key.public_key().public_bytes_raw())

    def add(self, when: str | int, kind: str, role: Role = Role.SYSTEM, **facts: Any) -> Leaf:
        """A leaf that leaves the state as it is. ``del_`` and ``for_`` are keys without the stroke."""
        return self._append(when, kind, role, self.state, facts)

    def change(self, when: str | int, kind: str, role: Role = Role.SYSTEM, **facts: Any) -> Leaf:
        """A leaf after which the lists are as they stand in ``lists``."""
        everything = tuple(self.lists)
        manifest = Manifest(dict(self.lists), {"base": everything}, f"1.0+{'0' * 64}")
        state = manifests.digest(manifests.encode(manifest))
        self.manifests[state] = manifest
        return self._append(when, kind, role, state, facts)

    def _append(self, when: str | int, kind: str, role: Role, state: str, facts: Mapping[str, Any]) -> Leaf:
        leaf = Leaf(
            seq=len(self.leaves),
            t=when if isinstance(when, int) else at(when),
            type=kind,
            actor=LeafActor("a:" + ("0" if role is Role.SYSTEM else "1") * 16, role),
            state=state,
            prev=self.state if self.leaves else ZERO_HASH,
            facts={name.removesuffix("_"): value for name, value in facts.items()},
        )
        leaves.encode(leaf)  # or it would be no leaf
        self.leaves.append(leaf)
        self.state = state
        return leaf

    def follow(self, ended: str, begun: str, origin: str) -> LogMaker:
        """End this log and begin the next one, as the appliance does."""
        made = LogMaker(origin, Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1"))
        made.lists, made.before = dict(self.lists), self
        self.add(ended, "log.next", origin=origin, vkey=made.vkey.text)
        self.add(ended, "log.close", why="year", next=origin)
        made.change(begun, "log.init", origin=origin, vkey=made.vkey.text, last=self.note().decode())
        return made

    def report(self, period: str) -> dict[str, Any]:
        """The report of a period."""
        walk = Walk(of(period), self.manifests.__getitem__)
        for leaf in [*(self.before.leaves if self.before else []), *self.leaves]:
            walk.take(leaves.encode(leaf), leaf)
        return walk.told()

    def checkpoint(self) -> Checkpoint:
        tree = Tree()
        for leaf in self.leaves:
            tree.add(leaves.encode(leaf))
        return Checkpoint(self.origin, tree.size, tree.root)

    def note(self) -> bytes:
        body = self.checkpoint().body
        return signed(body, [Signature(self.origin, self.vkey.key_id, self.key.sign(body.encode()))])

    def write(self, folder: Path) -> Path:
        """The files of the log, with those of the one before below it; gives the file of its verifier key."""
        if self.before:
            self.before.write(folder / self.before.origin.rpartition("/")[2])
        data = [leaves.encode(leaf) for leaf in self.leaves]
        hashes = [leaf_hash(item) for item in data]

        def full(height: int, number: int) -> bytes:
            if height == 0:
                return hashes[number]
            return node_hash(full(height - 1, 2 * number), full(height - 1, 2 * number + 1))

        for tile in {*new_tiles(0, len(data)), *widths_for(len(data))}:
            rows = [full(8 * tile.level, 256 * tile.number + at_) for at_ in range(tile.width)]
            _put(folder / tile.path, pack_hashes(rows))
            if tile.level == 0:
                start = 256 * tile.number
                bundle = pack_entries(data[start : start + tile.width])
                _put(folder / entries_path(tile.number, tile.width), bundle)
        for state, manifest in self.manifests.items():
            _put(folder / "state" / f"{state}.json", manifests.encode(manifest))
        keys = canonical.encode(
            {"keys": [{"from": 0, "to": None, "vkey": self.vkey.text}], "origin": self.origin, "v": 1}
        )
        _put(folder / "keys.json", keys)
        _put(folder / "checkpoint", self.note())
        _put(folder / "cp" / str(len(data)), self.note())
        key = folder.with_suffix(".vkey")
        key.write_text(f"{self.vkey.text}\n")
        return key


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


IWF = ListState(
    "secret",
    commit="11" * 32,
    upd=at("2025-12-31 23:59:00"),
    auth="IWF",
    basis="voluntary",
    kind="illegal",
    title="IWF",
)
COURT = ListState(
    "public",
    n=3,
    raw="22" * 32,
    upd=at("2025-12-31"),
    auth="Court",
    basis="court",
    kind="illegal",
    title="Orders",
)
ADULT = ListState(
    "public", n=1000, raw="33" * 32, upd=at("2025-12-31"), kind="category", title="Adult", basis="user"
)


@pytest.fixture
def maker() -> LogMaker:
    """A log that began on the last day of 2025 with three lists in force on two nodes."""
    made = LogMaker()
    made.add("2025-12-31 00:00:00", "log.init", origin=ORIGIN, vkey=made.vkey.text)
    made.add("2025-12-31 00:00:01", "software.start", sw="1.0+" + "0" * 64)
    made.lists = {"iwf": IWF, "court": COURT, "adult": ADULT}
    made.change("2025-12-31 00:00:02", "publish", snap=SNAP)
    for node in ("r1", "r2"):
        made.add("2025-12-31 00:00:03", "enforce", node=node, snap=SNAP, served=made.state)
    return made


@pytest.fixture
def moment() -> Callable[[str], int]:
    """POSIX seconds of a text."""
    return at
