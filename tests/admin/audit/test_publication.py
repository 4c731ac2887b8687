"""What the public log tells of events: every kind is decided, and nothing personal or secret gets into a leaf."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.audit import tellings
from admin.audit.events import Detail, EventKind
from admin.audit.facts import UNNAMED
from admin.audit.publication import PublicationError, PublicPart, private_part, public_part
from admin.audit.tellings import NEVER, PUBLIC
from resolver.tlog import canonical, leaves
from resolver.tlog.commitments import actor_id
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import Leaf, LeafActor, Role

KEY = b"k" * 32
A, B = "a" * 64, "b" * 64
VKEY = "isp.example/blocklog/2026+118a0e43+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
NEEDED: Mapping[EventKind, Mapping[str, Detail]] = {
    EventKind.SOFTWARE_STARTED: {"version": "1.4.0"},
    EventKind.STATE_ENFORCED: {"snap": A, "state": B},
    EventKind.STATS_COUNTED: {"day": "2026-02-15", "c": 10, "eps": "1", "k": 50},
    EventKind.LOG_ROTATED: {"vkey": VKEY},
    EventKind.LOG_CLOSED: {"why": "other"},
}
"""Kinds whose leaf needs facts that only the detail has."""
TOLD = frozenset(
    {
        "added",
        "authority",
        "basis",
        "confidentiality",
        "c",
        "day",
        "edits",
        "enforced",
        "entries",
        "eps",
        "events",
        "gates",
        "k",
        "leaf",
        "level",
        "next",
        "node",
        "publish",
        "ref",
        "removed",
        "role",
        "snap",
        "state",
        "taken_back",
        "until",
        "version",
        "vkey",
        "why",
    }
)
"""Keys of a detail that a leaf may tell; to add one is to publish it. (Also those that begin with ``over_`` or ``count_``.)"""


@dataclass(frozen=True)
class Row:
    """An event as the database has it."""

    kind: str
    subject: str = "iwf"
    detail: Mapping[str, Detail] = field(default_factory=dict)
    sequence: int = 7
    at: float = 1_795_000_000.25
    actor_kind: str = "token"
    actor_id: str = "5f1c9e0b"
    holder: str = "Ann Example"
    before: str = ""
    after: str = ""
    reason: str = "Because."


def _told(row: Row) -> PublicPart:
    part = public_part(row, KEY)
    assert part is not None
    return part


def _leaf(part: PublicPart) -> bytes:
    """The leaf that the writer makes of it, after a state."""
    leaf = Leaf(9, 5, part.type, part.actor, A, A, part.facts, part.second, priv=B, ref=part.ref)
    return leaves.encode(leaf)


def test_every_kind_is_decided() -> None:
    assert PUBLIC.keys() | NEVER == set(EventKind)
    assert not PUBLIC.keys() & NEVER


@pytest.mark.parametrize("kind", sorted(NEVER))
def test_of_subscribers_nothing_is_told(kind: EventKind) -> None:
    assert public_part(Row(kind, "home-17", {"ref": A, "until": 5}), KEY) is None


@pytest.mark.parametrize("kind", sorted(PUBLIC))
def test_every_other_kind_makes_a_leaf(kind: EventKind) -> None:
    part = _told(Row(kind, detail=NEEDED.get(kind, {})))
    assert leaves.decode(_leaf(part)).type == part.type


CASES: list[tuple[Row, LeafType, dict[str, Any]]] = [
    (
        Row("list.created", detail={"confidentiality": "secret"}),
        LeafType.LIST_ADD,
        {"list": "iwf", "conf": "secret"},
    ),
    (
        Row("list.synced", detail={"publish": "root", "added": 2, "removed": 0, "entries": 9, "bytes": 70}),
        LeafType.LIST_SYNC,
        {"list": "iwf", "chg": {"add": 2, "del": 0, "n": 9}},
    ),
    (
        Row(
            "list.synced", detail={"publish": "count", "entries": 9, "authority": "IWF", "basis": "voluntary"}
        ),
        LeafType.LIST_SYNC,
        {"list": "iwf", "chg": {"n": 9}, "src": {"auth": "IWF", "basis": "voluntary"}},
    ),
    (Row("list.synced", detail={"publish": "none", "entries": 9}), LeafType.LIST_SYNC, {"list": "iwf"}),
    (Row("list.held", detail={"publish": "none", "gates": "shrink"}), LeafType.LIST_HOLD, {"list": "iwf"}),
    (Row("list.synced", detail={"entries": 9}), LeafType.LIST_SYNC, {"list": "iwf"}),
    (Row("list.synced", detail={"publish": "root", "entries": -1}), LeafType.LIST_SYNC, {"list": "iwf"}),
    (Row("list.synced", detail={"authority": ""}), LeafType.LIST_SYNC, {"list": "iwf"}),
    (
        Row("list.held", detail={"publish": "root", "gates": "shrink, popular", "version": A, "entries": 4}),
        LeafType.LIST_HOLD,
        {"list": "iwf", "gates": ["shrink", "popular"]},
    ),
    (
        Row(
            "list.synced",
            detail={"authority": "x" * 201, "basis": "court", "publish": "root", "added": -1, "removed": 1},
        ),
        LeafType.LIST_SYNC,
        {"list": "iwf", "src": {"basis": "court"}, "chg": {"del": 1}},
    ),
    (Row("list.held", detail={"gates": "Not a gate!"}), LeafType.LIST_HOLD, {"list": "iwf"}),
    (
        Row("list.failed", detail={"message": "https://feed.example/?key=1"}),
        LeafType.LIST_FAIL,
        {"list": "iwf"},
    ),
    (Row("list.approved", after="erase"), LeafType.LIST_APPROVE, {"list": "iwf", "for": "erase"}),
    (Row("list.approved", after=A), LeafType.LIST_APPROVE, {"list": "iwf", "for": "release"}),
    (Row("list.suspended", detail={"until": 99.9}), LeafType.LIST_SUSPEND, {"list": "iwf", "until": 99}),
    (Row("list.suspended", detail={"until": None}), LeafType.LIST_SUSPEND, {"list": "iwf"}),
    (
        Row("list.stale", detail={"level": "past", "enforced": "names", "age_s": 5}),
        LeafType.LIST_STALE,
        {"list": "iwf", "level": "past", "enf": "names"},
    ),
    (
        Row("list.edited", detail={"publish": "root", "added": 1, "removed": 2, "taken_back": 3, "edits": 4}),
        LeafType.LIST_EDIT,
        {"list": "iwf", "ovr": {"add": 1, "del": 2, "back": 3, "n": 4}},
    ),
    (Row("list.edited", detail={"added": 1, "edits": 4}), LeafType.LIST_EDIT, {"list": "iwf"}),
    (Row("list.asked", detail={"asked": A}), LeafType.LIST_READ, {"list": "iwf", "how": "ask"}),
    (Row("list.erasing"), LeafType.LIST_ERASE, {"list": "iwf", "stage": "begun"}),
    (Row("list.erased", detail={"versions": 3}), LeafType.LIST_ERASE, {"list": "iwf", "stage": "done"}),
    (
        Row("list.selftest", detail={"state": "failing", "finding": "127.0.0.1 said no"}),
        LeafType.CANARY,
        {"list": "iwf", "result": "failing"},
    ),
    (
        Row(
            "canary.result",
            detail={"day": "2026-11-22", "state": "working", "over_udp": "good", "over_doh": "off"},
        ),
        LeafType.CANARY,
        {"list": "iwf", "result": "working", "day": "2026-11-22", "paths": {"udp": "good", "doh": "off"}},
    ),
    (Row("profile.changed", "family"), LeafType.PROFILE_SET, {"profile": "family"}),
    (Row("profile.changed", "no such id"), LeafType.PROFILE_SET, {"profile": UNNAMED}),
    (
        Row("token.created", "5f1c", {"holder": "Bob", "role": "auditor"}),
        LeafType.ADMIN_ADD,
        {"who": actor_id(KEY, "Bob"), "rank": "auditor"},
    ),
    (Row("config.loaded", "/etc/weir/weir.yaml", after=A), LeafType.CONFIG_LOAD, {}),
    (
        Row("software.started", "weir", {"version": "1.4.0"}, after=A),
        LeafType.SOFTWARE_START,
        {"sw": f"1.4.0+{A}"},
    ),
    (
        Row("worker.ended", "resolver-1", {"node": "r1", "how": "signal 9"}),
        LeafType.WORKER_END,
        {"part": "resolver-1", "node": "r1"},
    ),
    (Row("worker.ended", "Resolver 1"), LeafType.WORKER_END, {"part": UNNAMED}),
    (
        Row("state.enforced", "r1", {"snap": A, "state": B}),
        LeafType.ENFORCE,
        {"node": "r1", "snap": A, "served": B},
    ),
    (
        Row(
            "stats.counted",
            "2026-02-15",
            {
                "day": "2026-02-15",
                "c": 10,
                "eps": "1",
                "k": 50,
                "count_bets": 70,
                "count_x": None,
                "count_": 1,
                "count_y": "1",
            },
        ),
        LeafType.STATS,
        {"day": "2026-02-15", "c": 10, "eps": "1", "k": 50, "counts": {"bets": 70, "x": None}},
    ),
    (Row("debug.on", "query_sample", {"rate": "1 of 100", "until": 7}), LeafType.DEBUG_ON, {"until": 7}),
    (Row("log.rotated", "log", {"vkey": VKEY}), LeafType.KEY_ADD, {"vkey": VKEY}),
    (Row("log.rotated", "log", {"vkey": VKEY, "step": "retire"}), LeafType.KEY_RETIRE, {"vkey": VKEY}),
    (
        Row("log.closed", "log", {"why": "year", "next": "o/2027"}),
        LeafType.LOG_CLOSE,
        {"why": "year", "next": "o/2027"},
    ),
]


@pytest.mark.parametrize(("row", "kind", "facts"), CASES)
def test_what_is_told(row: Row, kind: LeafType, facts: dict[str, Any]) -> None:
    part = _told(row)
    assert (part.type, dict(part.facts)) == (kind, facts)
    assert leaves.decode(_leaf(part)).facts == facts


ROLES = [
    ("token", None, Role.OPERATOR),
    ("token", "auditor", Role.AUDITOR),
    ("token", "list-manager", Role.OPERATOR),
    ("token", "integration", Role.SYSTEM),
    ("token", "emperor", Role.OPERATOR),
    ("local", None, Role.OPERATOR),
    ("file", None, Role.OPERATOR),
    ("sync", None, Role.SYSTEM),
    ("schedule", "operator", Role.SYSTEM),
    ("supervisor", None, Role.SYSTEM),
]


@pytest.mark.parametrize(("actor_kind", "said", "role"), ROLES)
def test_in_what_role_somebody_acted(actor_kind: str, said: str | None, role: Role) -> None:
    row = Row("list.resumed", actor_kind=actor_kind, detail={} if said is None else {"actor_role": said})
    assert _told(row).actor.role is role


def test_people_are_told_apart_and_not_named() -> None:
    ann, again, bob = (
        _told(Row("list.resumed", holder=name, sequence=at)) for at, name in enumerate(("Ann", "Ann", "Bob"))
    )
    assert ann.actor == again.actor != bob.actor
    assert ann.actor == LeafActor(actor_id(KEY, "Ann"), Role.OPERATOR)
    nobody = Row("list.resumed", holder="")
    assert _told(nobody).actor != _told(replace(nobody, actor_id="other")).actor


def test_two_persons() -> None:
    part = _told(Row("list.released", detail={"second_holder": "Bob", "second_role": "auditor"}))
    assert part.second == LeafActor(actor_id(KEY, "Bob"), Role.AUDITOR)
    assert _told(Row("list.released")).second is None


def test_what_was_applied_is_committed_to() -> None:
    assert _told(Row("list.synced", detail={"ref": A})).ref == A
    assert _told(Row("list.synced", detail={"ref": "feed bytes"})).ref == ""


@pytest.mark.parametrize("kind", sorted(NEEDED))
def test_an_event_without_what_its_leaf_needs_is_refused(kind: EventKind) -> None:
    with pytest.raises(PublicationError, match=r"event 7 \("):
        public_part(Row(kind), KEY)


def test_an_unknown_kind_is_refused_and_not_passed_over() -> None:
    with pytest.raises(PublicationError, match="event 7 "):
        public_part(Row("thing.happened"), KEY)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
DETAILS = st.dictionaries(
    st.sampled_from(
        sorted(TOLD | {"second_holder", "second_role", "actor_role", "step", "over_udp", "over_A b"})
    )
    | st.text(max_size=8),
    SCALARS,
    max_size=8,
)
ROWS = st.builds(
    Row,
    kind=st.sampled_from(sorted(PUBLIC)),
    subject=st.text(max_size=70),
    detail=DETAILS,
    at=st.floats(),
    actor_kind=st.text(max_size=10),
    actor_id=st.text(max_size=10),
    holder=st.text(max_size=10),
    before=st.text(max_size=10),
    after=st.text(max_size=10),
    reason=st.text(max_size=10),
)


@given(ROWS)
def test_whatever_an_event_has_it_makes_a_leaf(row: Row) -> None:
    """An event must never stop the log."""
    needed = NEEDED.get(EventKind(row.kind), {})
    part = _told(replace(row, detail={**row.detail, **needed}))
    assert leaves.decode(_leaf(part)).type == part.type
    assert canonical.decode(private_part(row))


MARKS = st.text("0123456789", min_size=12, max_size=12).map(lambda digits: f"marked {digits} x@y.example")


@given(
    st.sampled_from(sorted(PUBLIC)),
    st.lists(MARKS, min_size=8, max_size=8, unique=True),
    st.lists(
        st.text(max_size=8).filter(lambda key: key not in TOLD and not key.startswith(("over_", "count_"))),
        max_size=3,
    ),
)
def test_nothing_personal_or_secret_gets_into_a_leaf(
    kind: EventKind, marks: list[str], keys: list[str]
) -> None:
    """Marks in every field of an event, and in every key of its detail that is not told: none comes out."""
    holder, who, reason, before, after, subject, second, other = marks
    detail = dict.fromkeys((*keys, "finding", "message", "asked", "rate", "how", "holder"), other)
    detail |= {"second_holder": second, "actor_role": other, "second_role": other, **NEEDED.get(kind, {})}
    row = Row(
        kind,
        subject,
        detail,
        actor_id=who,
        actor_kind="token",
        holder=holder,
        before=before,
        after=after,
        reason=reason,
    )
    found = _leaf(_told(row)).decode()
    for mark in marks:
        assert mark not in found
        assert mark.split()[1] not in found
        assert mark in private_part(row).decode()


@given(st.sampled_from(sorted(PUBLIC)), st.sampled_from(sorted(TOLD)), MARKS)
def test_what_is_told_is_of_its_kind_or_left_out(kind: EventKind, key: str, mark: str) -> None:
    """Free text goes out of three keys alone: who gives a list out, the software, the name of the log that follows."""
    needed = NEEDED.get(kind, {})
    if key in {"authority", "version", "next"}:
        return
    if key in needed:
        with pytest.raises(PublicationError):
            public_part(Row(kind, detail=needed | {key: mark}), KEY)
    else:
        assert mark not in _leaf(_told(Row(kind, detail=needed | {key: mark}))).decode()


def test_the_private_part_is_the_whole_event() -> None:
    row = Row(
        "list.suspended", detail={"until": 1.5, "n": 3, "big": 2**60, "none": None, "yes": True, "ü": "ü"}
    )
    assert json.loads(private_part(row)) == {
        "actor": {"holder": "Ann Example", "id": "5f1c9e0b", "kind": "token"},
        "after": "",
        "at_us": 1_795_000_000_250_000,
        "before": "",
        "detail": {"until": "1.5", "n": 3, "big": str(2**60), "none": None, "yes": True, "\\xfc": "ü"},
        "kind": "list.suspended",
        "reason": "Because.",
        "sequence": 7,
        "subject": "iwf",
        "v": 1,
    }


@pytest.mark.parametrize("at", [float("nan"), float("inf"), float("-inf"), -5.0, 1e300])
def test_a_clock_that_is_far_out(at: float) -> None:
    assert 0 <= json.loads(private_part(Row("list.resumed", at=at)))["at_us"] < canonical.INTEGERS_BELOW


def test_half_of_a_surrogate_pair_is_written_out() -> None:
    row = Row("list.resumed", reason="\ud800", detail={"x": "\udfff"}, holder="\ud800")
    assert json.loads(private_part(row))["reason"] == "\\ud800"
    assert _leaf(_told(row))


def test_no_state_is_needed_to_name_kinds() -> None:
    """The table names facts that the type of leaf has."""
    for telling in (*tellings.PUBLIC.values(), tellings.KEY_RETIRED):
        shape = leaves.SHAPES[telling.type]
        assert set(telling.facts) <= set(shape.required) | set(shape.optional)
        assert set(shape.required) <= set(telling.facts)
