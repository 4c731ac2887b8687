"""What was shown or answered held against what a log tells: it matches, it differs, or nobody can tell; never more than is so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.audit.recomputing import Answered, Finding, Result, Text, Told, recompute, state_of
from admin.services.challenge import Said, statement, subject_of
from admin.services.opening import Purpose, Wish
from resolver.tlog import canonical, manifests
from resolver.tlog.canonical import Json
from resolver.tlog.commitments import commit
from resolver.tlog.manifests import Edits, ListState, Manifest

TEXT, EDITS, OPENING = b"domain bad.example\n", b"add host other.example\n", bytes(range(32))
COMMIT = commit(OPENING, TEXT).hex()
MANIFEST = manifests.encode(
    Manifest(
        lists={
            "watch": ListState(conf="secret", commit=COMMIT),
            "court": ListState(
                conf="restricted", commit=COMMIT, edits=Edits(commit=commit(OPENING, EDITS).hex())
            ),
            "bets": ListState(
                conf="public",
                raw=hashlib.sha256(TEXT).hexdigest(),
                edits=Edits(raw=hashlib.sha256(EDITS).hexdigest()),
            ),
            "quiet": ListState(conf="secret"),
        },
        profiles={},
        software="1.0",
    )
)
STATE = manifests.digest(MANIFEST)
MADE = statement(
    Wish("watch", STATE, Purpose.CHALLENGE),
    COMMIT,
    subject_of("bad.example"),
    Said.LISTED,
    at=7.0,
    opening=OPENING,
)
LEAF: Mapping[str, Json] = {
    "type": "list.read", "how": "challenge", "list": "watch", "of": STATE, "ref": MADE.ref, "seq": 4,
}  # fmt: skip
ANSWER = Answered(MADE.data, OPENING, "box/weir/2027", 4)
TOLD = Told("box/weir/2027", {STATE: MANIFEST}, {4: LEAF})


@pytest.mark.parametrize(
    ("given", "result"),
    [
        (Text("watch", STATE, TEXT, OPENING), Result.MATCHES),
        (Text("watch", STATE, TEXT + b"domain x.example\n", OPENING), Result.DIFFERS),
        (Text("watch", STATE, TEXT, bytes(32)), Result.DIFFERS),
        (Text("watch", STATE, TEXT, OPENING + b"\0"), Result.DIFFERS),
        (Text("watch", STATE, TEXT), Result.DIFFERS),
        (Text("watch", STATE, EDITS, OPENING, is_edits=True), Result.UNKNOWN),
        (Text("court", STATE, EDITS, OPENING, is_edits=True), Result.MATCHES),
        (Text("court", STATE, TEXT, OPENING, is_edits=True), Result.DIFFERS),
        (Text("bets", STATE, TEXT), Result.MATCHES),
        (Text("bets", STATE, EDITS, is_edits=True), Result.MATCHES),
        (Text("bets", STATE, EDITS), Result.DIFFERS),
        (Text("quiet", STATE, b"", OPENING), Result.UNKNOWN),
        (Text("nobody", STATE, TEXT, OPENING), Result.DIFFERS),
        (Text("watch", "0" * 64, TEXT, OPENING), Result.UNKNOWN),
    ],
)
def test_texts(given: Text, result: Result) -> None:
    assert recompute(TOLD, given).result is result


def test_a_manifest_that_is_not_that_of_the_state() -> None:
    told = Told("", {STATE: MANIFEST.replace(b'"secret"', b'"public"', 1)})
    assert recompute(told, Text("watch", STATE, TEXT, OPENING)).result is Result.DIFFERS


def test_a_manifest_that_breaks_a_rule() -> None:
    broken = MANIFEST.replace(b'"v":1', b'"v":9')
    state = manifests.digest(broken)
    assert recompute(Told("", {state: broken}), Text("watch", state, TEXT, OPENING)).result is Result.DIFFERS


@pytest.mark.parametrize(
    ("answer", "leaf", "result"),
    [
        (ANSWER, LEAF, Result.MATCHES),
        (replace(ANSWER, statement=MADE.data.replace(b"listed", b"absent")), LEAF, Result.DIFFERS),
        (replace(ANSWER, statement=MADE.data.replace(b"bad.example", b"bat.example")), LEAF, Result.DIFFERS),
        (replace(ANSWER, statement=MADE.data + b"\n"), LEAF, Result.DIFFERS),
        (replace(ANSWER, statement=b"{}"), LEAF, Result.DIFFERS),
        (replace(ANSWER, statement=b""), LEAF, Result.DIFFERS),
        (replace(ANSWER, opening=bytes(31)), LEAF, Result.DIFFERS),
        (replace(ANSWER, origin="box/weir/2028"), LEAF, Result.UNKNOWN),
        (replace(ANSWER, index=5), LEAF, Result.UNKNOWN),
        (ANSWER, {**LEAF, "how": "open"}, Result.DIFFERS),
        (ANSWER, {**LEAF, "list": "court"}, Result.DIFFERS),
        (ANSWER, {**LEAF, "of": "0" * 64}, Result.DIFFERS),
        (ANSWER, {**LEAF, "ref": "0" * 64}, Result.DIFFERS),
        (ANSWER, {key: value for key, value in LEAF.items() if key != "ref"}, Result.DIFFERS),
    ],
)
def test_answers(answer: Answered, leaf: Mapping[str, Json], result: Result) -> None:
    assert recompute(replace(TOLD, leaves={4: leaf}), answer).result is result


def test_an_answer_about_another_text_than_that_of_the_state() -> None:
    other = statement(
        Wish("watch", STATE, Purpose.CHALLENGE),
        "0" * 64,
        subject_of("a.example"),
        Said.ABSENT,
        at=7.0,
        opening=OPENING,
    )
    leaf = {**LEAF, "ref": other.ref}
    given = replace(ANSWER, statement=other.data)
    assert recompute(replace(TOLD, leaves={4: leaf}), given).result is Result.DIFFERS


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "\x1b[2Jlisted"},
        {"t": -(2**53) + 1},
        {"t": True},
        {"list": "a\nb"},
        {"asked": "\x9b"},
        {"more": 1},
    ],
)
def test_a_statement_that_was_made_to_harm_is_none(change: dict[str, Json]) -> None:
    """Though the log commits to it: it is told with what it says, on a terminal."""
    data = canonical.encode({**json.loads(MADE.data), **change})
    told = replace(TOLD, leaves={4: {**LEAF, "ref": commit(OPENING, data).hex()}})
    found = recompute(told, replace(ANSWER, statement=data))
    assert (found.result, found.why) == (Result.DIFFERS, "the statement is none, in canonical JSON")


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_whatever_a_statement_is_nothing_but_a_finding_comes_out(data: bytes, opening: bytes) -> None:
    answer = Answered(data, opening, "box/weir/2027", 4)
    assert isinstance(state_of(answer), str)
    found = recompute(TOLD, answer)
    assert isinstance(found, Finding)
    assert found.result is not Result.MATCHES
