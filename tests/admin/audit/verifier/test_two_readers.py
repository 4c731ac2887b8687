"""Leaves and manifests as both readers judge them: the appliance's and the verifier's share no code, and agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from admin.audit import verifier
from resolver.tlog import leaves, manifests
from resolver.tlog.canonical import FormatError
from resolver.tlog.leaf_types import SHAPES, LeafType
from resolver.tlog.leaves import COMMON
from resolver.tlog.notes import VerifierKey

HASH, OTHER = "1" * 64, "2" * 64
ACTOR = {"id": "a:00112233445566aa", "role": "operator"}
KEY = VerifierKey.of_ed25519("filter.example/weir/2026", bytes(range(32))).text
NOTE = "x\n"
LATER = "a.later-type"
GOOD: dict[str, Any] = {
    "back": 1,
    "c": 10,
    "category": "gambling",
    "chg": {"add": 1, "del": 0, "n": 7},
    "conf": "secret",
    "counts": {"gambling": 60, "other": None},
    "day": "2026-12-31",
    "enf": "names",
    "eps": "0.5",
    "for": "erase",
    "gates": ["shrink", "popular"],
    "how": "ask",
    "k": 50,
    "last": NOTE,
    "level": "past",
    "list": "iwf",
    "n": 3,
    "next": "filter.example/weir/2027",
    "node": "r1",
    "of": 3,
    "origin": "filter.example/weir/2026",
    "ovr": {"add": 1, "back": 0, "del": 2, "n": 3},
    "part": "gateway",
    "paths": {"udp": "good", "doh": "silent"},
    "priv": HASH,
    "profile": "family",
    "rank": "auditor",
    "ref": HASH,
    "result": "failing",
    "seal": {"until": 9},
    "second": ACTOR,
    "served": HASH,
    "sig": NOTE,
    "snap": HASH,
    "src": {"auth": "IWF", "basis": "court"},
    "stage": "done",
    "sw": "1.0+x",
    "until": 9,
    "urls": HASH,
    "vkey": KEY,
    "who": "a:0011223344",
    "why": "other",
}
"""A value for each key that a leaf may have."""
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**53 - 1,
    "",
    "a",
    "A",
    "-",
    "a.b",
    "1.50",
    "00.5",
    "x" * 41,
    "x" * 63,
    "x" * 64,
    "x" * 201,
    "x" * 256,
    "é" * 200,
    "\x1b[31m",
    "\x9b",
    "\x7f",
    'a"b\\c',
    "a\nb",
    "\n",
    "a\r\n",
    "\u202e",
    HASH,
    HASH.upper(),
    HASH + "0",
    "2026-02-31",
    "2026-13-01",
    "2026-00-10",
    "all",
    "working",
    [],
    ["a"],
    [1],
    {},
    {"a": 1},
    {"until": 1},
    {"n": 1, "more": 1},
    {"auth": "\t"},
    {"add": -1},
    {"udp": "good"},
    {"udp": None},
    {"id": "a:00112233", "role": "operator"},
    {"id": "a:0011223", "role": "operator"},
    {"id": "a:00112233", "role": "parent"},
]
"""Put in place of each of them."""


def whole(kind: str) -> dict[str, Any]:
    """A leaf of this type with every key that it may have."""
    shape = SHAPES.get(LeafType(kind)) if kind in set(LeafType) else None
    own = {*shape.required, *shape.optional} if shape is not None else {"more"}
    facts = {key: GOOD.get(key, 1) for key in own}
    if kind == LeafType.LIST_READ:
        facts["of"] = HASH
    is_first = kind == LeafType.LOG_INIT
    return facts | {
        "actor": ACTOR,
        "prev": "0" * 64 if is_first else HASH,
        "seq": 0 if is_first else 5,
        "state": HASH,
        "t": 9,
        "type": kind,
        "v": 1,
    }


def variants(leaf: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The leaf, and what differs from it in one key or two."""
    for key in GOOD.keys() - leaf.keys():
        yield leaf | {key: GOOD[key]}
    yield leaf | {"zone": "x"}
    for sealed in ({}, {"seal": {"until": 1}}):
        yield leaf | sealed
        yield leaf | sealed | {"state": OTHER}
        for key in leaf:
            yield {name: value for name, value in (leaf | sealed).items() if name != key}
    for key in leaf.keys() - COMMON:
        for value in ODD:
            yield leaf | {key: value}


def common_variants(leaf: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same with the keys that all leaves have."""
    for key in {*leaf, "priv", "ref", "second", "sig", "seal"} - {"v", "seq", "prev", "type", "t"}:
        for value in [GOOD.get(key, HASH), *ODD]:
            yield leaf | {key: value}
    for key in ("v", "type", "t", "prev"):
        for value in ("", "x" * 41, "\x9b", 2, None, -1, 1.5, 2**53):
            yield leaf | {key: value}


def written(value: Any) -> bytes:
    """Canonical JSON, of what has one."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def takes(read: Callable[[bytes], object], data: bytes) -> bool:
    """Whether a reader takes these bytes; anything but its declared error is an error of the test."""
    try:
        read(data)
    except (FormatError, verifier.FailedError):
        return False
    return True


class Outsider(verifier.Replay):
    """The verifier where it looks at single leaves and manifests, wherever they stand."""

    def leaf(self, data: bytes) -> None:
        """Judge a leaf in a log that it fits into."""
        found = json.loads(data)
        self.size, self.state = found.get("seq", 5), found.get("prev")
        self.times, self.kind = (0, 0), ""
        self._leaf(data)
        if found["type"] == LeafType.LOG_NEXT:  # read by whoever goes on to the next log
            self._key(found, "")

    def manifest(self, data: bytes) -> None:
        """Judge a manifest under its own name."""
        self.given = data
        super()._manifest("state/x.json", hashlib.sha256(data).hexdigest())

    def _manifest(self, path: str, state: str) -> None:
        """Not those of states that leaves name."""

    def _key(self, leaf: dict[str, Any], place: str) -> None:
        """A key by itself, not what it has signed."""
        try:
            verifier.Key.parse(leaf.get("vkey", KEY))
        except ValueError as error:
            raise verifier.FailedError(place) from error


@pytest.fixture
def outsider(small_log: Any, write_files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outsider:
    """That verifier."""
    source = verifier.Source(str(write_files(small_log.files(), tmp_path / "log")))
    found = Outsider(source, [], 1e9)
    monkeypatch.setattr(source, "read", lambda _path: found.given)
    return found


def test_leaves_of_every_type(outsider: Outsider) -> None:
    for kind in (*LeafType, LATER):
        assert takes(outsider.leaf, written(whole(kind))), kind
        for leaf in variants(whole(kind)):
            data = written(leaf)
            assert takes(outsider.leaf, data) == takes(leaves.decode, data), data


@pytest.mark.parametrize("kind", [LeafType.HEARTBEAT, LATER])
def test_keys_that_all_leaves_have(outsider: Outsider, kind: str) -> None:
    for leaf in common_variants(whole(kind)):
        data = written(leaf)
        assert takes(outsider.leaf, data) == takes(leaves.decode, data), data


def manifest_variants() -> Iterator[dict[str, Any]]:
    """A manifest with all keys of v:1, and what differs from it in one."""
    one: dict[str, Any] = {
        "auth": "x",
        "basis": "court",
        "conf": "public",
        "edits": {"n": 1, "raw": HASH},
        "enf": "names",
    }
    one |= {"kind": "category", "n": 1, "raw": HASH, "root": HASH, "title": "t", "upd": 9, "vrf": HASH}
    whole: dict[str, Any] = {
        "lists": {"a": one},
        "profiles": {"p": ["a"]},
        "protected": HASH,
        "rules": {"p": HASH},
    }
    whole |= {"sw": "1", "v": 1}
    yield whole
    for key in whole:
        yield {name: value for name, value in whole.items() if name != key}
        for value in [*ODD, {"p": ["b"]}, {"q": HASH}]:
            yield whole | {key: value}
    for key in one:
        yield whole | {"lists": {"a": {name: value for name, value in one.items() if name != key}}}
        for value in [*ODD, {"commit": HASH}, {"raw": HASH}, "nothing", "secret"]:
            yield whole | {"lists": {"a": one | {key: value}}}


def test_manifests(outsider: Outsider) -> None:
    assert takes(outsider.manifest, written(next(manifest_variants())))
    for manifest in manifest_variants():
        data = written(manifest)
        assert takes(outsider.manifest, data) == takes(manifests.decode, data), data
