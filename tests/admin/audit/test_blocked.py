"""Was it blocked? Proven answers from a manifest and texts, and what cannot be told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from admin.audit.blocked import Evidence, Outcome, Question, QuestionError, Situation, answer
from blocklists.canonical import url
from resolver.tlog.commitments import commit
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.manifests import Edits, ListState, Manifest

BETS = b"domain bets.example\nhost one.example\nurl pages.example/bad\n"
OPENING = b"o" * 32
PROTECTED = b"domain helpline.example\nhost www.bets.example\n"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def public(text: bytes, kind: str = "category", **more: Any) -> ListState:
    return ListState("public", raw=sha(text), kind=kind, **more)


def manifest(protected: bytes | None = PROTECTED, **lists: ListState) -> Manifest:
    of_all = tuple(name for name, item in lists.items() if item.kind in ("illegal", "protected"))
    profiles = {"strict": tuple(lists), "open": of_all}
    return Manifest(lists, profiles, "1+x", protected="" if protected is None else sha(protected))


def asked(
    name: str,
    state: Manifest,
    given: Mapping[str, Evidence],
    *,
    profile: str | None = "strict",
    protected: bytes | None = PROTECTED,
) -> Outcome:
    page = url(name) if "/" in name else None
    question = Question(page.host if page else name, page, 100, profile)
    return answer(question, state, given, protected).outcome


TEXTS = {"bets": Evidence(BETS)}
CASES = [
    ("bets.example", Outcome.LISTED),
    ("deep.below.bets.example", Outcome.LISTED),
    ("www.bets.example", Outcome.FREE),  # protected
    ("one.example", Outcome.LISTED),
    ("below.one.example", Outcome.FREE),
    ("notbets.example", Outcome.FREE),
    ("pages.example", Outcome.FREE),
    ("http://pages.example/bad", Outcome.LISTED),
    ("http://pages.example/bad/not", Outcome.FREE),
    ("https://bets.example/any", Outcome.LISTED),
]


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_a_public_list(name: str, outcome: Outcome) -> None:
    assert asked(name, manifest(bets=public(BETS)), TEXTS) is outcome
    assert asked(name, manifest(bets=public(BETS)), TEXTS, profile="open") is Outcome.FREE
    assert asked(name, manifest(bets=public(BETS)), TEXTS, profile=None) is Outcome.FREE
    everybody = manifest(bets=public(BETS, "illegal"))
    assert asked(name, everybody, TEXTS, profile=None) is outcome


@pytest.mark.parametrize("conf", ["restricted", "secret"])
def test_a_list_that_was_opened(conf: str) -> None:
    state = manifest(bets=ListState(conf, commit=commit(OPENING, BETS).hex(), kind="illegal"))
    assert asked("bets.example", state, {"bets": Evidence(BETS, OPENING)}) is Outcome.LISTED
    assert asked("free.example", state, {"bets": Evidence(BETS, OPENING)}) is Outcome.FREE
    for given in (Evidence(BETS), Evidence(BETS, b"p" * 32), Evidence(BETS + b"x", OPENING), Evidence()):
        assert asked("bets.example", state, {"bets": given}) is Outcome.UNKNOWN
        assert asked("free.example", state, {"bets": given}) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "state",
    [
        ListState("public", n=7, kind="category"),
        ListState("secret", kind="illegal"),
        public(b"another text\n"),
        public(BETS, edits=Edits(1)),
        public(BETS, edits=Edits(1, raw=sha(b"add host x.example\n"))),
    ],
)
def test_what_cannot_be_shown_is_never_a_no(state: ListState) -> None:
    assert asked("free.example", manifest(bets=state), TEXTS) is Outcome.UNKNOWN
    assert asked("bets.example", manifest(bets=state), TEXTS) is Outcome.UNKNOWN


def test_one_list_that_names_it_is_enough_and_one_unknown_forbids_a_no() -> None:
    state = manifest(bets=public(BETS), other=ListState("restricted", commit="0" * 64, kind="category"))
    assert asked("bets.example", state, TEXTS) is Outcome.LISTED
    assert asked("free.example", state, TEXTS) is Outcome.UNKNOWN
    unknown_first = manifest(watch=ListState("secret", kind="illegal"), bets=public(BETS))
    assert asked("bets.example", unknown_first, TEXTS) is Outcome.LISTED  # whatever the other says
    assert asked("free.example", unknown_first, TEXTS) is Outcome.UNKNOWN


def test_what_is_not_enforced_is_not_listed() -> None:
    assert asked("bets.example", manifest(bets=public(BETS, enf="nothing")), {}) is Outcome.FREE
    names = manifest(bets=public(BETS, enf="names"))
    assert asked("http://pages.example/bad", names, TEXTS) is Outcome.FREE
    assert asked("bets.example", names, TEXTS) is Outcome.LISTED


def test_edits_of_people_count() -> None:
    edits = b"add domain added.example\nremove domain bets.example\n"
    state = manifest(bets=public(BETS, edits=Edits(2, raw=sha(edits))))
    given = {"bets": Evidence(BETS, edits=edits)}
    assert asked("www.added.example", state, given) is Outcome.LISTED
    assert asked("bets.example", state, given) is Outcome.FREE
    secret = manifest(
        bets=ListState(
            "restricted",
            commit=commit(OPENING, BETS).hex(),
            kind="category",
            edits=Edits(commit=commit(b"e" * 32, edits).hex()),
        )
    )
    opened = {"bets": Evidence(BETS, OPENING, edits, b"e" * 32)}
    assert asked("bets.example", secret, opened) is Outcome.FREE
    assert asked("bets.example", secret, {"bets": Evidence(BETS, OPENING, edits, OPENING)}) is Outcome.UNKNOWN


def test_protected_names_are_needed_for_a_yes_alone() -> None:
    state = manifest(bets=public(BETS))
    assert asked("bets.example", state, TEXTS, protected=None) is Outcome.UNKNOWN
    assert asked("bets.example", state, TEXTS, protected=b"host x\n") is Outcome.UNKNOWN
    assert asked("free.example", state, TEXTS, protected=None) is Outcome.FREE
    assert asked("bets.example", manifest(None, bets=public(BETS)), TEXTS, protected=None) is Outcome.LISTED


def test_lists_of_protected_names_lift_categories_and_no_illegal_list() -> None:
    shield = b"domain bets.example\n"
    texts = TEXTS | {"shield": Evidence(shield)}
    category = manifest(bets=public(BETS), shield=public(shield, "protected"))
    assert asked("bets.example", category, texts) is Outcome.FREE
    assert asked("bets.example", category, TEXTS) is Outcome.UNKNOWN
    assert asked("one.example", category, texts) is Outcome.LISTED
    illegal = manifest(bets=public(BETS, "illegal"), shield=public(shield, "protected"))
    assert asked("bets.example", illegal, texts) is Outcome.LISTED
    zone = b"host bets.example passthru\n"
    passing = manifest(bets=public(BETS), shield=public(zone, "protected"))
    assert asked("bets.example", passing, TEXTS | {"shield": Evidence(zone)}) is Outcome.FREE


def test_zones_of_one_kind_may_end_each_other() -> None:
    one, other = b"host bets.example passthru\n", b"host bets.example nxdomain\n"
    state = manifest(one=public(one, "security"), other=public(other, "security"))
    texts = {"one": Evidence(one), "other": Evidence(other)}
    assert asked("bets.example", state, texts) is Outcome.UNKNOWN
    assert asked("bets.example", state, {"other": Evidence(other)}) is Outcome.UNKNOWN
    plain = manifest(one=public(one, "security"), bets=public(BETS, "security"))
    assert asked("bets.example", plain, texts | TEXTS) is Outcome.LISTED
    for harmless in (b"host bets.example count\n", b"host bets.example tcp-only\n", one):
        alone = manifest(bets=public(harmless, "security"))
        assert asked("bets.example", alone, {"bets": Evidence(harmless)}) is Outcome.FREE


def test_a_profile_that_was_not_there_is_no_question() -> None:
    with pytest.raises(QuestionError, match="open, strict"):
        asked("bets.example", manifest(bets=public(BETS)), TEXTS, profile="other")


def leaf(seq: int, t: int, state: str, kind: str = "heartbeat", **more: Any) -> dict[str, Any]:
    return {"seq": seq, "t": t, "state": state, "type": kind, **more}


LEAVES = [
    leaf(0, 100, ZERO_HASH, "log.init"),
    leaf(1, 200, "a" * 64, "publish"),
    leaf(2, 210, "a" * 64, "enforce", node="r1", served="a" * 64),
    leaf(3, 210, "a" * 64, "enforce", node="r2", served="0" * 64),
    leaf(4, 300, "b" * 64, "list.sync"),
    leaf(5, 300, "b" * 64),
]


@pytest.mark.parametrize(
    ("at", "state", "place", "following", "doubt"),
    [
        (99, ZERO_HASH, None, (0, 100), "begins later"),
        (150, ZERO_HASH, (0, 100), (1, 200), "no state"),
        (200, "a" * 64, (1, 200), (2, 210), ""),
        (299, "a" * 64, (3, 210), (4, 300), ""),
        (300, "b" * 64, (5, 300), None, ""),
        (300 + 86_400, "b" * 64, (5, 300), None, ""),
        (301 + 86_400, "b" * 64, (5, 300), None, "newer"),
    ],
)
def test_which_state_it_was(
    at: int, state: str, place: tuple[int, int] | None, following: tuple[int, int] | None, doubt: str
) -> None:
    found = Situation(at)
    for item in LEAVES:
        found.hear(item)
    assert (found.state, found.leaf, found.next) == (state, place, following)
    assert doubt in found.doubt
    assert bool(found.doubt) is bool(doubt)


def test_which_nodes_had_said_that_they_serve_it() -> None:
    found = Situation(250)
    for item in LEAVES:
        found.hear(item)
    assert found.served == {"r1": 210}
    assert Situation(1).doubt == "the log is empty"
