"""A box with a database and a public log in a folder of its own, and a replay of what it serves that trusts no writer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from admin.audit.disk import Disk
from admin.audit.events import Event, EventKind
from admin.audit.keys import KeyRef
from admin.audit.local_signer import LocalSigner
from admin.audit.lock_row import lock_reader
from admin.audit.verifier import main
from admin.config import Config, load
from admin.control.clocks import Clocks
from admin.control.log_keeper import Means
from admin.control.public_log import PublicLog
from admin.services.actors import Actor, ActorKind
from admin.services.place import Place
from admin.store.database import Database
from admin.store.log_tables import LogLeafRow
from blocklists.properties import Secret
from resolver.tlog import checkpoints, leaves, manifests, notes, tiles, tree
from resolver.tlog.manifests import ListState, Manifest
from resolver.tlog.notes import VerifierKey

OPERATOR = Actor.of_the_box(ActorKind.LOCAL, "root")
NOW = 1_800_000_000.0


def in_this_process(told: Mapping[str, Any]) -> LocalSigner:
    """The signer without a process of its own: the same code behind the same words."""
    refs = [KeyRef(Secret(key["credential"], key["path"]), key["own"], key["fresh"]) for key in told["keys"]]
    return LocalSigner(told["origin"], refs, lock_reader(told["database"]), Path(told["mark"]))


def hashes_of(data: Sequence[bytes]) -> tree.Hashes:
    """The hashes of all full subtrees over these leaves, each computed once."""

    @cache
    def subtree(height: int, number: int) -> bytes:
        if height == 0:
            return tree.leaf_hash(data[number])
        return tree.node_hash(subtree(height - 1, 2 * number), subtree(height - 1, 2 * number + 1))

    return subtree


@cache
def is_good(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is good; each is looked at once, however often a log is replayed."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def replay(served: Path, keys: list[VerifierKey]) -> list[leaves.Leaf]:
    """All leaves of a served log, after everything that can be checked of it was: AssertionError or an error if not."""
    note = (served / "checkpoint").read_bytes()
    checkpoint = checkpoints.parse(notes.opened(note, keys, is_good).text)
    data: list[bytes] = []
    for number in range(-(-checkpoint.size // tiles.TILE_WIDTH)):
        width = min(tiles.TILE_WIDTH, checkpoint.size - number * tiles.TILE_WIDTH)
        data += tiles.unpack_entries((served / tiles.entries_path(number, width)).read_bytes(), width)
    subtree = hashes_of(data)
    assert tree.root(checkpoint.size, subtree) == checkpoint.root
    for tile in tiles.new_tiles(0, checkpoint.size):
        row = [
            subtree(8 * tile.level, tile.number * tiles.TILE_WIDTH + offset) for offset in range(tile.width)
        ]
        assert (served / tile.path).read_bytes() == b"".join(row), tile
    for path in (served / "cp").iterdir():
        old = checkpoints.parse(notes.opened(path.read_bytes(), keys, is_good).text)
        assert old.size == int(path.name) <= checkpoint.size
        assert tree.root(old.size, subtree) == old.root
    return _checked(served, [leaves.decode(leaf) for leaf in data])


def _checked(served: Path, found: list[leaves.Leaf]) -> list[leaves.Leaf]:
    before, time = "0" * 64, 0
    for index, leaf in enumerate(found):
        assert (leaf.seq, leaf.prev) == (index, before)
        assert leaf.t >= time
        before, time = leaf.state, leaf.t
        if leaf.state != "0" * 64:
            manifest = (served / f"state/{leaf.state}.json").read_bytes()
            assert manifests.digest(manifest) == leaf.state
    return found


@dataclass
class Box:
    """One appliance's log, in the hands of the test."""

    folder: Path
    config: Config
    database: Database
    unix: float = NOW
    monotonic: float = 100.0
    logs: list[PublicLog] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.config.data_dir)

    def log(self, means: Means | None = None) -> PublicLog:
        """As after a start of control: nothing in memory."""
        clocks = Clocks(lambda: self.unix, lambda: self.monotonic)
        made = PublicLog(lambda: self.config, self.connect, clocks, means or Means(in_this_process))
        self.logs.append(made)
        return made

    async def connect(self) -> Database:
        return self.database

    async def happen(
        self, kind: EventKind = EventKind.TOKEN_CREATED, subject: str = "t", **detail: Any
    ) -> int:
        """Somebody does something; returns the sequence of its event."""
        async with self.database.transaction() as transaction:
            transaction.record(Event(kind, subject, reason="why not", detail=detail), OPERATOR, self.unix)
            return transaction.sequence

    def vkeys(self) -> list[VerifierKey]:
        return [VerifierKey.parse(line) for line in self.place.log_vkey.read_text().split()]

    def replay(self, below: str = "") -> list[leaves.Leaf]:
        """What is served, checked."""
        return replay(self.place.log / below, self.vkeys())

    def replay_with_all_keys(self, below: str = "") -> list[leaves.Leaf]:
        """The same with every key that ever signed this log, as it says itself."""
        told = json.loads((self.place.log / below / "keys.json").read_text())["keys"]
        return replay(self.place.log / below, [VerifierKey.parse(key["vkey"]) for key in told])

    def verify(self, below: str = "", *extra: str) -> int:
        """The exit status of the independent verifier."""
        at = datetime.fromtimestamp(self.unix + 60, UTC).isoformat()
        key = str(self.place.log_vkey)
        return main([str(self.place.log / below), "--key", key, "--at", at, "--quiet", *extra])

    async def told(self, origin: str = "box/weir/2027") -> list[int]:
        """The sequences of the events that are in the log, in its order."""
        async with self.database.reading() as transaction:
            found = await transaction.session.scalars(
                select(LogLeafRow.event)
                .where(LogLeafRow.origin == origin, LogLeafRow.event.is_not(None))
                .order_by(LogLeafRow.seq)
            )
            return [event for event in found if event is not None]

    def pass_time(self, seconds: float) -> None:
        self.unix += seconds
        self.monotonic += seconds


@pytest.fixture
async def box(tmp_path: Path, address: str) -> AsyncIterator[Box]:
    """A box over an empty database of each kind."""
    made = await _made(tmp_path, address)
    yield made
    await _closed(made)


@pytest.fixture
async def small_box(tmp_path: Path, sqlite_address: str) -> AsyncIterator[Box]:
    """A box over SQLite."""
    made = await _made(tmp_path, sqlite_address)
    yield made
    await _closed(made)


@pytest.fixture
async def server_box(tmp_path: Path, cluster: Any) -> AsyncIterator[Box]:
    """A box over PostgreSQL."""
    made = await _made(tmp_path, cluster.new_database())
    yield made
    await _closed(made)


async def _made(folder: Path, address: str) -> Box:
    (folder / "weir.yaml").write_text(f"data_dir: var\nnode: box\nadmin: {{database: '{address}'}}\n")
    config = load(folder / "weir.yaml")
    Place(config.data_dir).create()
    return Box(folder, config, await Database.open(address))


async def _closed(made: Box) -> None:
    for log in made.logs:
        await log.close()
    await made.database.close()


@pytest.fixture
def operator() -> Actor:
    """Somebody with rights on the box."""
    return OPERATOR


@pytest.fixture
def manifest() -> Callable[[int], Manifest]:
    """A state, another for each number."""

    def make(number: int) -> Manifest:
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        return Manifest(
            {"bets": ListState("public", n=number, raw=digest)}, {"strict": ("bets",)}, "0.1+" + "0" * 64
        )

    return make


@pytest.fixture
def subtrees() -> Callable[[Sequence[bytes]], tree.Hashes]:
    """The hashes over leaves."""
    return hashes_of


@pytest.fixture
def snap() -> str:
    """The digest of a compiled file."""
    return "ab" * 32


@pytest.fixture
def with_disk() -> Callable[[Callable[[Path], Disk]], Means]:
    """A log's means with another disk."""
    return lambda disk: Means(in_this_process, disk=disk)


@pytest.fixture
def with_step() -> Callable[[Callable[[str], None]], Means]:
    """A log's means with somebody who is told of each step."""
    return lambda step: Means(in_this_process, step=step)
