"""A public log as the appliance would write it, made from its leaves by resolver.tlog, to be verified or tampered with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from admin.audit import verifier
from resolver.tlog import canonical, notes
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.tiles import Tile, entries_path, new_tiles, pack_entries, tile_path
from resolver.tlog.tree import leaf_hash, node_hash, root

ORIGIN = "filter.example/weir/2026"
NOON = 1_763_812_800
"""2025-11-22 12:00:00Z: in the past, so that programs with a clock of their own believe it."""
ZERO = "0" * 64
ACTOR = {"id": "a:00112233445566aa", "role": "system"}


@dataclass
class Signer:
    """A key of the log, the same for the same number."""

    number: int = 1
    origin: str = ORIGIN

    def __post_init__(self) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([self.number]) * 32)
        public = self._private.public_key().public_bytes_raw()
        self.key = notes.VerifierKey.of_ed25519(self.origin, public)

    def sign(self, text: str) -> notes.Signature:
        """A signature line's parts."""
        return notes.Signature(self.key.name, self.key.key_id, self._private.sign(text.encode()))


def manifest(**changes: Any) -> bytes:
    """A small manifest; ``changes`` replace its keys."""
    found: dict[str, Any] = {
        "lists": {
            "bets": {"conf": "public", "n": 3, "raw": "1" * 64, "upd": NOON},
            "iwf": {
                "auth": "IWF",
                "basis": "voluntary",
                "commit": "2" * 64,
                "conf": "secret",
                "kind": "illegal",
            },
        },
        "profiles": {"strict": ["bets", "iwf"], "open": ["iwf"]},
        "sw": "1.0.0+" + "3" * 64,
        "v": 1,
    }
    return canonical.encode(found | changes)


@dataclass
class Log:
    """A log in the making. ``leaves`` may be replaced before ``files`` is asked for."""

    origin: str = ORIGIN
    signers: Sequence[Signer] = field(default_factory=lambda: [Signer()])
    leaves: list[bytes] = field(default_factory=list)
    manifests: dict[str, bytes] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    """Those that had a checkpoint."""
    state: str = ZERO
    now: int = NOON
    spans: list[dict[str, Any]] = field(default_factory=list)
    signed_by: Callable[[int], Sequence[Signer]] | None = None

    def add(self, kind: str, manifest_bytes: bytes | None = None, **own: Any) -> Log:
        """One more leaf, a minute after the last; with a manifest it changes the state."""
        before, self.now = self.state, self.now + 60
        if manifest_bytes is not None:
            self.state = hashlib.sha256(manifest_bytes).hexdigest()
            self.manifests[self.state] = manifest_bytes
        leaf = {"actor": ACTOR, "prev": before, "seq": len(self.leaves), "state": self.state, "t": self.now}
        leaf |= {"type": kind, "v": 1} | own
        self.leaves.append(
            json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        )
        if kind in ("log.init", "key.add"):
            self.spans.append({"from": leaf["seq"], "to": None, "vkey": own["vkey"]})
        if kind == "key.retire":
            next(span for span in self.spans if span["vkey"] == own["vkey"])["to"] = leaf["seq"]
        return self

    def begin(self, **own: Any) -> Log:
        """``log.init``."""
        return self.add("log.init", manifest(), origin=self.origin, vkey=self.signers[0].key.text, **own)

    def publish(self) -> Log:
        """A checkpoint of what there is now."""
        self.sizes.append(len(self.leaves))
        return self

    def note(
        self, size: int, signers: Sequence[Signer] | None = None, root_hash: bytes | None = None
    ) -> bytes:
        """The signed checkpoint of a size."""
        signers = signers or (self.signed_by(size) if self.signed_by else self.signers)
        body = Checkpoint(self.origin, size, root_hash or self.root(size)).body
        return notes.signed(body, [signer.sign(body) for signer in signers])

    def root(self, size: int) -> bytes:
        """The root of the first leaves."""
        return root(size, Subtrees(self.leaves[:size]))

    def files(self) -> dict[str, bytes]:
        """All files of the log, those of former sizes among them."""
        sizes = self.sizes or [len(self.leaves)]
        found = {f"state/{name}.json": data for name, data in self.manifests.items()}
        subtrees = Subtrees(self.leaves)
        for before, size in zip([0, *sizes], sizes, strict=False):
            for tile in new_tiles(before, size):
                found[tile_path(*tile)] = subtrees.tile(tile)
                if tile.level == 0:
                    first = tile.number * 256
                    found[entries_path(tile.number, tile.width)] = pack_entries(
                        self.leaves[first : first + tile.width]
                    )
            found[f"cp/{size}"] = self.note(size)
        found["checkpoint"] = found[f"cp/{sizes[-1]}"]
        found["keys.json"] = canonical.encode({"keys": self.spans, "origin": self.origin, "v": 1})
        active = [span["vkey"] for span in self.spans if span["to"] is None]
        found["policy.txt"] = "".join([*(f"log {key}\n" for key in active), "quorum none\n"]).encode()
        return found


class Subtrees:
    """Hashes of full subtrees of some leaves, each computed once."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self.rows = [[leaf_hash(leaf) for leaf in leaves]]
        while len(self.rows[-1]) > 1:
            row = self.rows[-1]
            self.rows.append([node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)])

    def __call__(self, height: int, number: int) -> bytes:
        return self.rows[height][number]

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile."""
        first = tile.number * 256
        return b"".join(self.rows[tile.level * 8][first : first + tile.width])


def write(files: Mapping[str, bytes], folder: Path) -> Path:
    """The files in a folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@dataclass
class Verdict:
    """How the program ended and what it said."""

    status: int
    out: str
    err: str


Check = Callable[..., Verdict]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """``check(log or files, *options)`` writes a log to a folder and verifies it with the first signer's key."""
    number = iter(range(1_000_000))

    def run(
        log: Log | Mapping[str, bytes] | Path, *options: str, keys: Sequence[Signer] = (Signer(),)
    ) -> Verdict:
        folder = tmp_path / f"log{next(number)}"
        files = log.files() if isinstance(log, Log) else log
        where = files if isinstance(files, Path) else write(files, folder)
        key = tmp_path / "log.vkey"
        key.write_text("".join(f"{signer.key.text}\n" for signer in keys))
        given = [str(where), "--key", str(key), "--evidence", str(tmp_path / "evidence")]
        if "--at" not in options:
            given += ["--at", "2026-11-23T12:00:00+00:00"]
        status = verifier.main([*given, *options])
        said = capsys.readouterr()
        return Verdict(status, said.out, said.err)

    return run


def small_log() -> Log:
    """Seven leaves of several types under four checkpoints, three of them of former sizes."""
    log = Log().begin().publish()
    log.add(
        "list.sync", manifest(protected="4" * 64), list="bets", chg={"add": 12, "del": 7, "n": 6021}
    ).publish()
    log.add("profile.set", manifest(), profile="strict").publish()
    log.add("list.suspend", manifest(sw="2"), list="iwf", until=NOON + 86_400)
    log.add("publish", snap="5" * 64).add("enforce", node="r1", snap="5" * 64, served=log.state)
    return log.add("heartbeat").publish()


@pytest.fixture
def make_log() -> type[Log]:
    """The builder."""
    return Log


@pytest.fixture
def make_signer() -> type[Signer]:
    """Another key of the log, by its number."""
    return Signer


@pytest.fixture(name="small_log")
def _small_log() -> Log:
    return small_log()


@pytest.fixture
def make_manifest() -> Callable[..., bytes]:
    """A manifest with other keys."""
    return manifest


@pytest.fixture
def write_files() -> Callable[[Mapping[str, bytes], Path], Path]:
    """The files of a log in a folder."""
    return write


def flipped(data: bytes, at: int, mask: int = 1) -> bytes:
    """One byte changed."""
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
