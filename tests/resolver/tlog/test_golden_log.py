"""The frozen bytes of v:1. If one of these tests fails, the format has changed: that is never right.

``golden/`` has a whole small log, one leaf of every type, and its manifests, a line each; everything here was hashed once and
written down. What is written today must have the same bytes, or copies of old logs could not be verified any more. Leaves
of types that were added since then stand in ``later-leaves.txt``.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resolver.tlog import canonical, checkpoints, leaves, manifests, notes, tree
from resolver.tlog.leaf_types import SHAPES, LeafType
from resolver.tlog.notes import VerifierKey

VERIFIER = Path(__file__).parents[3] / "admin" / "audit" / "verifier.py"
GOLDEN = Path(__file__).parent / "golden"
LEAVES = (GOLDEN / "leaves.txt").read_bytes().split(b"\n")[:-1]
LATER_LEAVES = (GOLDEN / "later-leaves.txt").read_bytes().split(b"\n")[:-1]
MANIFESTS = (GOLDEN / "manifests.txt").read_bytes().split(b"\n")[:-1]
KEY = VerifierKey.parse((GOLDEN / "log.vkey").read_text().rstrip("\n"))

ROOT = "6d751696a1c9641359e2ce122952bda90b5dc1c207756c4e069de3a898af9df7"
STATES = [
    "abe4ff0dc5d857af6fc0a495c6d78cbb9c24149f17e6346ea81cd8fd4b42599e",
    "0ec1268dfec0c611fba1e43fd79ca99bb40ffa1e725eb2a2061989c625c58ead",
    "3911360c4055416cf587174e07b105861c195e52280b633dec09306c2899e681",
]
VKEY = "isp.example/blocklog/2026+118a0e43+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
FILES_OF_300 = {
    "tile/0/000": "3658d44ebeb979b996b87ac966392dffbe9a628e34cb70bbff0ba844e74c31c6",
    "tile/0/001.p/44": "ef8b7a16b7e780e5fb0b989e370461025cbd238507fc673d21936f362db54ab9",
    "tile/1/000.p/1": "c8f421898ac532cb17b42cd6c862710cad20834ef186d2d55534a61d63a8539f",
    "tile/entries/000": "a14c635e736c61c708522df30dabd9606ebc7bc14b9de94ead044c9530e2fac5",
    "tile/entries/001.p/44": "2732d32efe403c78699e6db4fc12a2780cce0c513d643307a246d9e9c3083c75",
}
ROOT_OF_300 = "e7afc82d38944fc7930545328091d45823288c1f734cbdac06396713ebd4b5d5"


@pytest.mark.parametrize("data", LEAVES + LATER_LEAVES, ids=lambda data: json.loads(data)["type"])
def test_a_leaf_has_these_bytes(data: bytes) -> None:
    assert leaves.encode(leaves.decode(data)) == data


def test_there_is_a_leaf_of_every_type() -> None:
    known = {str(kind) for kind in LeafType}
    assert {leaves.decode(data).type for data in LEAVES + LATER_LEAVES} & known == known
    assert SHAPES.keys() == set(LeafType)


def test_every_key_of_every_type_is_there() -> None:
    seen = [leaves.decode(data) for data in LEAVES + LATER_LEAVES]
    for kind, shape in SHAPES.items():
        used = {key for leaf in seen if leaf.type == kind for key in leaf.facts}
        assert used >= set(shape.required), kind


@pytest.mark.parametrize(("data", "state"), list(zip(MANIFESTS, STATES, strict=True)))
def test_a_manifest_has_these_bytes_and_this_hash(data: bytes, state: str) -> None:
    assert manifests.encode(manifests.decode(data)) == data
    assert manifests.digest(data) == state == hashlib.sha256(data).hexdigest()


def test_the_leaves_are_one_log(log_of: Callable[[Sequence[bytes]], Any]) -> None:
    """Index, time and state go on from leaf to leaf, and the states are those of the manifests."""
    before = leaves.decode(LEAVES[0])
    assert (before.type, before.prev) == (LeafType.LOG_INIT, "0" * 64)
    for index, data in enumerate(LEAVES[1:], 1):
        leaf = leaves.decode(data)
        assert (leaf.seq, leaf.prev) == (index, before.state)
        assert leaf.t >= before.t
        before = leaf
    assert {leaves.decode(data).state for data in LEAVES} <= {"0" * 64, *STATES}
    assert log_of(LEAVES).root().hex() == ROOT


def test_the_signed_checkpoint(log_of: Callable[[Sequence[bytes]], Any]) -> None:
    data = (GOLDEN / "checkpoint").read_bytes()
    assert KEY.text == VKEY
    checkpoint = checkpoints.parse(notes.opened(data, [KEY]).text)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root.hex()) == (KEY.name, len(LEAVES), ROOT)
    assert log_of(LEAVES).checkpoint() == data


def test_the_files_of_a_log(tmp_path: Path, log_of: Callable[[Sequence[bytes]], Any]) -> None:
    log = log_of([b"leaf %d" % number for number in range(300)])
    folder = log.write(tmp_path / "log")
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "checkpoint"
    }
    assert found == FILES_OF_300
    assert log.root().hex() == ROOT_OF_300


def test_a_leaf_is_hashed_as_rfc_6962_says() -> None:
    assert tree.leaf_hash(LEAVES[0]) == hashlib.sha256(b"\0" + LEAVES[0]).digest()


@pytest.fixture
def folder(tmp_path: Path, log_of: Callable[[Sequence[bytes]], Any]) -> Path:
    """The golden log as it is served."""
    folder: Path = log_of(LEAVES).write(tmp_path / "log")
    for name in ("cp", "state"):
        (folder / name).mkdir()
    (folder / "cp" / str(len(LEAVES))).write_bytes((GOLDEN / "checkpoint").read_bytes())
    for data in MANIFESTS:
        (folder / "state" / f"{hashlib.sha256(data).hexdigest()}.json").write_bytes(data)
    spans: dict[Any, dict[str, Any]] = {}
    for leaf in map(leaves.decode, LEAVES):
        if leaf.type in {LeafType.LOG_INIT, LeafType.KEY_ADD}:
            spans[leaf.facts["vkey"]] = {"from": leaf.seq, "to": None, "vkey": leaf.facts["vkey"]}
        elif leaf.type == LeafType.KEY_RETIRE:
            spans[leaf.facts["vkey"]]["to"] = leaf.seq
    keys = {"keys": list(spans.values()), "origin": KEY.name, "v": 1}
    (folder / "keys.json").write_bytes(canonical.encode(keys))
    return folder


def test_the_verifier_accepts_the_golden_log(folder: Path) -> None:
    """It shares no code with what wrote these bytes, and has a table of all types of its own."""
    end = datetime.fromtimestamp(leaves.decode(LEAVES[-1]).t, UTC).isoformat()
    command = [sys.executable, str(VERIFIER), str(folder), "--key", str(GOLDEN / "log.vkey"), "--at", end]
    found = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def test_go_accepts_the_golden_log(
    folder: Path, go_checker: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    assert go_checker(folder, GOLDEN / "log.vkey").stderr == ""
