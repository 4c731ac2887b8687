"""The rules of a manifest: confidentiality decides which hash a list may have, and profiles name lists that are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.tlog import manifests
from resolver.tlog.canonical import FormatError
from resolver.tlog.canonical import encode as encode_json
from resolver.tlog.manifests import Edits, ListState, Manifest, decode, digest, encode

A, B = "a" * 64, "b" * 64
PUBLIC = ListState("public", n=5, raw=A, upd=1_795_000_000)
SECRET = ListState("secret", commit=B, auth="IWF", basis="voluntary", kind="illegal")
WHOLE = Manifest({"adult": PUBLIC, "iwf": SECRET}, {"base": ("iwf",), "family": ("iwf", "adult")}, "1.4.0")

GOOD = {
    "a manifest": WHOLE,
    "nothing yet": Manifest({}, {}, "1.4.0"),
    "a list of which nothing is published": Manifest({"bare": ListState("secret")}, {}, "1.4.0"),
    "an empty list": Manifest({"none": ListState("public", n=0, raw=A, upd=0)}, {}, "1.4.0"),
    "less enforced": Manifest({"iwf": replace(SECRET, enf="nothing")}, {}, "1.4.0"),
    "edits": Manifest(
        {"a": replace(PUBLIC, edits=Edits(0, raw=A)), "b": replace(SECRET, edits=Edits(commit=B))},
        {},
        "1.4.0",
    ),
    "edits of which nothing is published": Manifest({"b": replace(SECRET, edits=Edits())}, {}, "1.4.0"),
    "rules": replace(WHOLE, rules={"base": A}, protected=B),
    "stage 2": Manifest({"iwf": replace(SECRET, root=A, vrf=B)}, {}, "1.4.0"),
}

BAD = {
    "a secret list's plain hash": Manifest({"iwf": replace(SECRET, raw=A)}, {}, "1.4.0"),
    "a restricted list's plain hash": Manifest({"iwf": ListState("restricted", raw=A)}, {}, "1.4.0"),
    "a public list's commitment": Manifest({"a": replace(PUBLIC, commit=A)}, {}, "1.4.0"),
    "a secret list's plain edits": Manifest({"b": replace(SECRET, edits=Edits(raw=A))}, {}, "1.4.0"),
    "a public list's committed edits": Manifest({"a": replace(PUBLIC, edits=Edits(commit=A))}, {}, "1.4.0"),
    "unknown confidentiality": Manifest({"a": ListState("hidden")}, {}, "1.4.0"),
    "a profile with a list too many": replace(WHOLE, profiles={"base": ("iwf", "court")}),
    "a profile with a list twice": replace(WHOLE, profiles={"base": ("iwf", "iwf")}),
    "rules of no profile": replace(WHOLE, rules={"other": A}),
    "no software": replace(WHOLE, software=""),
    "a list's id": Manifest({"i wf": PUBLIC}, {}, "1.4.0"),
    "a profile's id": replace(WHOLE, profiles={"ba/se": ()}),
    "a count below 0": Manifest({"a": replace(PUBLIC, n=-1)}, {}, "1.4.0"),
    "a hash": Manifest({"a": replace(PUBLIC, raw="A" * 64)}, {}, "1.4.0"),
    "what is enforced": Manifest({"a": replace(PUBLIC, enf="some")}, {}, "1.4.0"),
    "too many lists": Manifest({f"l{number}": ListState("secret") for number in range(1_025)}, {}, "1.4.0"),
}


@pytest.mark.parametrize("manifest", GOOD.values(), ids=GOOD.keys())
def test_a_manifest_is_written_and_read(manifest: Manifest) -> None:
    assert decode(encode(manifest)) == manifest


@pytest.mark.parametrize("manifest", BAD.values(), ids=BAD.keys())
def test_a_manifest_that_breaks_a_rule_is_not_written(manifest: Manifest) -> None:
    with pytest.raises(FormatError):
        encode(manifest)


REFUSED: list[Any] = [
    None,
    [],
    {},
    {"lists": {}, "profiles": {}, "sw": "1"},
    {"lists": {}, "profiles": {}, "sw": "1", "v": 2},
    {"lists": {}, "profiles": {}, "sw": "1", "v": "1"},
    {"lists": [], "profiles": {}, "sw": "1", "v": 1},
    {"lists": {}, "profiles": {"base": "iwf"}, "sw": "1", "v": 1},
    {"lists": {}, "profiles": {}, "sw": "1", "v": 1, "subscribers": {}},
    {"lists": {"a": {"conf": "public", "entries": []}}, "profiles": {}, "sw": "1", "v": 1},
    {"lists": {"a": {"conf": "public", "enf": "all"}}, "profiles": {}, "sw": "1", "v": 1},
    {"lists": {"a": {"n": 1}}, "profiles": {}, "sw": "1", "v": 1},
    {"lists": {"a": {"conf": "secret", "edits": {"raw": A}}}, "profiles": {}, "sw": "1", "v": 1},
]


@pytest.mark.parametrize("value", REFUSED, ids=str)
def test_other_json_is_no_manifest(value: Any) -> None:
    with pytest.raises(FormatError):
        decode(encode_json(value))


def test_a_manifest_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(WHOLE)
    monkeypatch.setattr(manifests, "MAX_MANIFEST", len(data))
    assert decode(data) == WHOLE
    monkeypatch.setattr(manifests, "MAX_MANIFEST", len(data) - 1)
    with pytest.raises(FormatError):
        decode(data)
    with pytest.raises(FormatError):
        encode(WHOLE)


def test_any_difference_is_another_state() -> None:
    """Also the order of a profile's lists."""
    states = {digest(encode(manifest)) for manifest in GOOD.values()}
    assert len(states) == len(GOOD)
    turned = replace(WHOLE, profiles={"base": ("iwf",), "family": ("adult", "iwf")})
    assert digest(encode(turned)) != digest(encode(WHOLE))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode(data)


@given(st.data())
def test_a_flipped_bit_is_another_manifest_or_refused(data: st.DataObject) -> None:
    good = bytearray(encode(WHOLE))
    good[data.draw(st.integers(0, len(good) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        other = decode(bytes(good))
    except FormatError:
        return
    assert other != WHOLE
    assert encode(other) == bytes(good)
