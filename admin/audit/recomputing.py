"""What was shown or answered of a list, computed again and held against a log: no appliance, no database, no trust.

The log is verified as a whole first, by the checker that shares no code with it. What comes out is one finding for each thing
that was given; whatever cannot be held against anything is "cannot tell", never "matches".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from admin.audit import verifier
from resolver.tlog import canonical, fields, manifests
from resolver.tlog.canonical import FormatError, Json
from resolver.tlog.commitments import commit
from resolver.tlog.manifests import ListState
from resolver.tlog.tiles import MAX_ENTRY


class Result(StrEnum):
    """What came of it."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """About one thing that was given."""

    what: str
    result: Result
    why: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a list in a state: its entries, or (``is_edits``) the edits of people. Public ones have no opening."""

    list: str
    state: str
    data: bytes = field(repr=False)
    opening: bytes = field(default=b"", repr=False)
    is_edits: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to a challenge: the statement (canonical JSON), what opens the commitment to it, and which leaf has that."""

    statement: bytes = field(repr=False)
    opening: bytes = field(repr=False)
    origin: str
    index: int


_STATEMENT = fields.record(
    {
        "answer": fields.one_of({"listed", "absent"}),
        "asked": fields.text(MAX_ENTRY),
        "commit": fields.hash_hex,
        "list": fields.identifier,
        "state": fields.hash_hex,
        "t": fields.counter,
        "v": fields.counter,
    }
)
"""As ``admin.services.challenge`` makes them."""


@dataclass(slots=True)
class Told:
    """What a log tells of the states and leaves that are asked for."""

    origin: str = ""
    """Empty: there is only a manifest."""
    manifests: dict[str, bytes] = field(default_factory=dict)
    """By state."""
    leaves: dict[int, Mapping[str, Json]] = field(default_factory=dict)


def listen(
    where: str, keys: Iterable[verifier.Key], now: float, states: Iterable[str], indices: Iterable[int]
) -> Told:
    """Verify a log (an address or a folder) and keep what is asked for. ``now`` is Unix seconds.

    ``verifier.FailedError``: the log is not what it says. ``verifier.UndecidedError``, OSError: it cannot be read.
    """
    wanted, numbers = set(states), set(indices)
    source, told = verifier.Source(where), Told()
    seen: set[str] = set()

    def hear(leaf: Mapping[str, Json]) -> None:
        if (state := str(leaf["state"])) in wanted:
            seen.add(state)
        if (index := int(str(leaf["seq"]))) in numbers:
            told.leaves[index] = leaf

    replay = verifier.Replay(source, keys, now)
    replay.run(hear)
    told.origin = replay.point.origin
    for state in seen:
        told.manifests[state] = source.read(f"state/{state}.json") or b""
    return told


def recompute(told: Told, given: Text | Answered) -> Finding:
    """Hold one thing against what the log tells."""
    return _text(told, given) if isinstance(given, Text) else _answered(told, given)


def state_of(given: Text | Answered) -> str:
    """The state that it is about; empty for a statement that cannot be read."""
    return given.state if isinstance(given, Text) else str(_said(given).get("state", ""))


def _text(told: Told, given: Text) -> Finding:
    what = f"{given.list}, {'edits' if given.is_edits else 'entries'} in state {given.state[:12]}"
    state = _state(told, given.state, given.list)
    if isinstance(state, Finding):
        return Finding(what, state.result, state.why)
    wanted, is_raw = _digest(state, is_edits=given.is_edits)
    if not wanted:
        return Finding(what, Result.UNKNOWN, "the state has no digest of it")
    try:
        found = hashlib.sha256(given.data).hexdigest() if is_raw else commit(given.opening, given.data).hex()
    except ValueError as error:
        return Finding(what, Result.DIFFERS, str(error))
    if found != wanted:
        return Finding(what, Result.DIFFERS, f"it gives {found}, and the state says {wanted}")
    lines = given.data.count(b"\n")
    return Finding(what, Result.MATCHES, f"{lines:,} lines give {'raw' if is_raw else 'commit'} {found}")


def _digest(state: ListState, *, is_edits: bool) -> tuple[str, bool]:
    """The digest that the state has, and whether it is one of a public text."""
    if not is_edits:
        return state.raw or state.commit, bool(state.raw)
    edits = state.edits
    return ("", False) if edits is None else (edits.raw or edits.commit, bool(edits.raw))


def _answered(told: Told, given: Answered) -> Finding:
    what = f"answer in leaf {given.index}"
    said = _said(given)
    if not said:
        return Finding(what, Result.DIFFERS, "the statement is none, in canonical JSON")
    if told.origin != given.origin:
        return Finding(what, Result.UNKNOWN, f"it is in the log {given.origin}; give that with --log")
    leaf = told.leaves.get(given.index)
    if leaf is None:
        return Finding(what, Result.UNKNOWN, "this copy of the log ends before that leaf; get a newer one")
    try:
        ref = commit(given.opening, given.statement).hex()
    except ValueError as error:
        return Finding(what, Result.DIFFERS, str(error))
    told_there = (leaf.get("type"), leaf.get("how"), leaf.get("list"), leaf.get("of"), leaf.get("ref"))
    if told_there != ("list.read", "challenge", said.get("list"), said.get("state"), ref):
        return Finding(what, Result.DIFFERS, "the leaf commits to another statement, or to none")
    state = _state(told, str(said.get("state")), str(said.get("list")))
    if isinstance(state, Finding):
        return Finding(what, state.result, state.why)
    if state.commit != said.get("commit"):
        return Finding(what, Result.DIFFERS, "the statement is about another text than that of the state")
    return Finding(
        what,
        Result.MATCHES,
        f"the operator said at {verifier.moment(int(str(said['t'])))} that it is {said['answer']}; whether that is true "
        "shows the opened text",
    )


def _said(given: Answered) -> Mapping[str, Json]:
    """Empty for what is no statement: whoever made it up may want to be printed, or to end whoever reads it."""
    try:
        found = canonical.decode(given.statement)
        _STATEMENT(found)
    except FormatError:
        return {}
    return found if isinstance(found, dict) else {}


def _state(told: Told, state: str, list_id: str) -> ListState | Finding:
    data = told.manifests.get(state)
    if data is None:
        return Finding("", Result.UNKNOWN, f"state {state[:12]}… is not in this log")
    if manifests.digest(data) != state:
        return Finding("", Result.DIFFERS, f"the manifest is not that of state {state[:12]}…")
    try:
        found = manifests.decode(data).lists.get(list_id)
    except FormatError as error:
        return Finding("", Result.DIFFERS, f"the manifest of state {state[:12]}… breaks a rule: {error}")
    return found or Finding("", Result.DIFFERS, f"the state has no list {list_id}")
