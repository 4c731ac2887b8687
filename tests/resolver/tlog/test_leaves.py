"""The rules of a leaf: what each type may and must have, and everything else refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.tlog.canonical import FormatError, Json
from resolver.tlog.canonical import encode as encode_json
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaf_types import MOVING, SHAPES, LeafType
from resolver.tlog.leaves import Leaf, LeafActor, Role, decode, encode
from resolver.tlog.tiles import MAX_ENTRY

A, B = "a" * 64, "b" * 64
VKEY = "isp.example/blocklog/2026+118a0e43+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
ACTOR = LeafActor("a:5f1c9e0b", Role.OPERATOR)
SYNC = Leaf(7, 1_795_000_000, LeafType.LIST_SYNC, ACTOR, A, B, {"list": "iwf"})
BEAT = Leaf(8, 1_795_000_000, LeafType.HEARTBEAT, ACTOR, A, A)
FIRST = Leaf(0, 0, LeafType.LOG_INIT, ACTOR, ZERO_HASH, ZERO_HASH, {"origin": "o", "vkey": VKEY})

GOOD = {
    "a leaf": SYNC,
    "one that says nothing of its own": BEAT,
    "the first": FIRST,
    "the first of a log that goes on": replace(FIRST, state=A),
    "before there is a state": replace(BEAT, state=ZERO_HASH, prev=ZERO_HASH),
    "two persons": replace(SYNC, second=LeafActor("a:0123456789abcdef", Role.REGULATOR)),
    "commitments": replace(SYNC, priv=A, ref=B),
    "signed by who decided": replace(SYNC, sig="text\n\n— name sig\n"),
    "sealed": replace(SYNC, facts={}, seal=1_800_000_000),
    "of a later version": replace(BEAT, type="entry.new", state=B, facts={"any": [{"thing": None}]}),
    "a name in another script": replace(SYNC, facts={"list": "iwf", "src": {"auth": "Αρχή 当局"}}),
    "the longest id": replace(SYNC, facts={"list": "a" * 63}),
}

BAD = {
    "no list": replace(SYNC, facts={}),
    "an unknown key": replace(SYNC, facts={"list": "iwf", "entries": 3}),
    "a key of another type": replace(SYNC, facts={"list": "iwf", "snap": A}),
    "a key of all leaves": replace(SYNC, facts={"list": "iwf", "seq": 9}),
    "an id too long": replace(SYNC, facts={"list": "a" * 64}),
    "an empty id": replace(SYNC, facts={"list": ""}),
    "a blank in an id": replace(SYNC, facts={"list": "i wf"}),
    "a line in an id": replace(SYNC, facts={"list": "iwf\n"}),
    "an id of another type": replace(SYNC, facts={"list": 5}),
    "a count below 0": replace(SYNC, facts={"list": "iwf", "chg": {"add": -1}}),
    "true as a count": replace(SYNC, facts={"list": "iwf", "chg": {"add": True}}),
    "text as a count": replace(SYNC, facts={"list": "iwf", "chg": {"add": "1"}}),
    "an unknown count": replace(SYNC, facts={"list": "iwf", "chg": {"names": 1}}),
    "changes that are no object": replace(SYNC, facts={"list": "iwf", "chg": [1]}),
    "an unknown basis": replace(SYNC, facts={"list": "iwf", "src": {"basis": "whim"}}),
    "an authority on two lines": replace(SYNC, facts={"list": "iwf", "src": {"auth": "a\nb"}}),
    "an empty authority": replace(SYNC, facts={"list": "iwf", "src": {"auth": ""}}),
    "half of a surrogate pair": replace(SYNC, facts={"list": "iwf", "src": {"auth": "\ud800"}}),
    "a changed state without cause": replace(BEAT, state=B),
    "a hash in capitals": replace(SYNC, state="A" * 64),
    "a short hash": replace(SYNC, prev="b" * 62),
    "a hash with a line end": replace(SYNC, state="a" * 64 + "\n"),
    "a hash with other digits": replace(SYNC, state="٠" * 64),
    "a commitment that is none": replace(SYNC, priv="secret"),
    "an actor's name": replace(SYNC, actor=LeafActor("admin", Role.OPERATOR)),
    "a short pseudonym": replace(SYNC, actor=LeafActor("a:1234567", Role.OPERATOR)),
    "a long pseudonym": replace(SYNC, second=LeafActor("a:" + "1" * 17, Role.OPERATOR)),
    "a negative index": replace(SYNC, seq=-1),
    "a negative time": replace(SYNC, t=-1),
    "a time too late": replace(SYNC, t=2**53),
    "no type": replace(SYNC, type=""),
    "a long type": replace(BEAT, type="x" * 41),
    "a second first leaf": replace(FIRST, seq=1),
    "a first leaf of another type": replace(SYNC, seq=0, prev=ZERO_HASH),
    "a state before the first leaf": replace(FIRST, state=A, prev=A),
    "a state that ends": replace(SYNC, state=ZERO_HASH),
    "too long": replace(BEAT, type="later", facts={"x": "x" * MAX_ENTRY}),
    "a signature that is no note": replace(SYNC, sig="no line end"),
    "unknown gates": replace(BEAT, type=LeafType.LIST_HOLD, facts={"list": "iwf", "gates": ["Shrink"]}),
    "a gate twice": replace(
        BEAT, type=LeafType.LIST_HOLD, facts={"list": "iwf", "gates": ["shrink", "shrink"]}
    ),
    "too many gates": replace(
        BEAT, type=LeafType.LIST_HOLD, facts={"list": "iwf", "gates": [f"g{number}" for number in range(33)]}
    ),
    "ε as a number": replace(
        BEAT, type=LeafType.STATS, facts={"c": 1, "counts": {}, "day": "2026-11-22", "eps": 1, "k": 50}
    ),
    "a key of another id": replace(FIRST, facts={"origin": "o", "vkey": VKEY.replace("118a", "118b")}),
    "a key that is none": replace(FIRST, facts={"origin": "o", "vkey": "key"}),
    "no such day": replace(
        BEAT, type=LeafType.STATS, facts={"c": 1, "counts": {}, "day": "2026-13-22", "eps": "1", "k": 50}
    ),
}


@pytest.mark.parametrize("leaf", GOOD.values(), ids=GOOD.keys())
def test_a_leaf_is_written_and_read(leaf: Leaf) -> None:
    assert decode(encode(leaf)) == leaf


@pytest.mark.parametrize("leaf", BAD.values(), ids=BAD.keys())
def test_a_leaf_that_breaks_a_rule_is_not_written(leaf: Leaf) -> None:
    with pytest.raises(FormatError):
        encode(leaf)


def _plain(**changes: Json) -> dict[str, Json]:
    """The JSON of a leaf, with keys changed, or taken away by ``...``."""
    found: dict[str, Any] = {
        "actor": {"id": "a:5f1c9e0b", "role": "system"},
        "list": "iwf",
        "prev": B,
        "seq": 7,
        "state": A,
        "t": 5,
        "type": "list.sync",
        "v": 1,
    }
    return {key: value for key, value in (found | changes).items() if value is not ...}


REFUSED: list[Mapping[str, Any]] = [
    *({key: ...} for key in ("actor", "list", "prev", "seq", "state", "t", "type", "v")),
    {"v": 2},
    {"v": 0},
    {"v": "1"},
    {"v": True},
    {"seq": "7"},
    {"seq": None},
    {"seq": True},
    {"type": 5},
    {"type": None},
    {"type": ["list.sync"]},
    {"state": None},
    {"actor": "a:5f1c9e0b"},
    {"actor": {"id": "a:5f1c9e0b"}},
    {"actor": {"id": "a:5f1c9e0b", "role": "parent"}},
    {"actor": {"id": "a:5f1c9e0b", "role": "system", "name": "Ann"}},
    {"priv": ""},
    {"priv": None},
    {"second": None},
    {"seal": 5},
    {"seal": {}},
    {"seal": {"until": -1}},
    {"sig": ""},
    {"subscriber": "home-17"},
    {"": 1},
]


@pytest.mark.parametrize("changes", REFUSED, ids=str)
def test_other_json_is_no_leaf(changes: Mapping[str, Any]) -> None:
    assert decode(encode_json(_plain())).facts == {"list": "iwf"}
    with pytest.raises(FormatError):
        decode(encode_json(_plain(**changes)))


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"null", b'"leaf"', b"{}", b"x" * (MAX_ENTRY + 1)])
def test_other_bytes_are_no_leaf(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode(data)


def test_another_spelling_is_no_leaf() -> None:
    with pytest.raises(FormatError, match="canonical"):
        decode(encode(SYNC).replace(b'"seq":7', b'"seq": 7'))


def test_what_is_refused_is_not_repeated() -> None:
    """It may be a name that nobody outside shall read."""
    for changes in (
        {"list": "illegal.example/page"},
        {"illegal.example": 1},
        {"actor": {"illegal.example": 1}},
    ):
        with pytest.raises(FormatError) as caught:
            decode(encode_json(_plain(**changes)))
        assert "illegal.example" not in str(caught.value)


@pytest.mark.parametrize("kind", LeafType)
def test_who_may_change_the_state(kind: LeafType) -> None:
    facts = {key: _sample(key) for key in SHAPES[kind].required}
    is_first = kind is LeafType.LOG_INIT
    leaf = Leaf(0 if is_first else 5, 5, kind, ACTOR, A, ZERO_HASH if is_first else B, facts)
    if kind in MOVING:
        assert decode(encode(leaf)) == leaf
    else:
        with pytest.raises(FormatError, match="changes the state"):
            encode(leaf)


def _sample(key: str) -> Json:
    """A value that fits the required keys of all types."""
    samples: dict[str, Json] = {
        "c": 1,
        "counts": {},
        "day": "2026-11-22",
        "eps": "0.5",
        "k": 1,
        "for": "erase",
        "stage": "done",
        "how": "ask",
        "why": "year",
        "vkey": VKEY,
        "who": "a:12345678",
        "snap": A,
        "served": A,
    }
    return samples.get(key, "x")


@given(st.binary(max_size=80))
def test_any_bytes_are_a_leaf_or_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode(data)


@given(st.sampled_from(list(GOOD.values())), st.data())
def test_a_flipped_bit_is_another_leaf_or_refused(leaf: Leaf, data: st.DataObject) -> None:
    good = bytearray(encode(leaf))
    good[data.draw(st.integers(0, len(good) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        other = decode(bytes(good))
    except FormatError:
        return
    assert other != leaf
    assert encode(other) == bytes(good)
