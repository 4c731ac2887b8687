"""Leaves of the log, v:1: one event each, as canonical JSON. Which keys a type has is in ``leaf_types``.

Everything in a leaf is public for ever: never a subscriber, an address, a query name, or an entry of a list that is not
public. A leaf's bytes are its identity; nothing here hashes them into a tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from resolver.tlog import fields
from resolver.tlog.canonical import FormatError, Json
from resolver.tlog.canonical import decode as decode_json
from resolver.tlog.canonical import encode as encode_json
from resolver.tlog.fields import ZERO_HASH, Check
from resolver.tlog.leaf_types import SHAPES, LeafType
from resolver.tlog.tiles import MAX_ENTRY

VERSION = 1
MERGE_DELAY = 24 * 3600
"""Seconds: the most between two leaves of a log that works (README.md, 4), so what it does not say for longer is not known."""
MAX_SIGNATURE_NOTE = 20_000
"""Characters of ``sig``."""

NO_FACTS: Mapping[str, Json] = MappingProxyType({})


class Role(StrEnum):
    """In what capacity somebody acted."""

    SYSTEM = "system"
    OPERATOR = "operator"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    REGULATOR = "regulator"
    COURT_LIAISON = "court-liaison"


@dataclass(frozen=True, slots=True)
class LeafActor:
    """Who acted: a pseudonym (``commitments.actor_id``) and a role."""

    id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Leaf:
    """One event. Hashes are lower-case hexadecimal, times POSIX seconds, empty texts and None are keys that are absent."""

    seq: int
    """The index in the log."""
    t: int
    """When it was appended; never less than that of the leaf before."""
    type: str
    """A ``LeafType``, or a word that a later version knows."""
    actor: LeafActor
    state: str
    """The hash of the manifest after this event; ``ZERO_HASH`` before there was one."""
    prev: str
    """The ``state`` of the leaf before; ``ZERO_HASH`` in the first."""
    facts: Mapping[str, Json] = field(default_factory=lambda: NO_FACTS)
    """The keys of the type itself (``leaf_types.SHAPES``)."""
    second: LeafActor | None = None
    """The other of two persons, where two had to agree."""
    priv: str = ""
    """The commitment to what is not public of the event."""
    ref: str = ""
    """The commitment to the decision or the raw feed that was applied."""
    sig: str = ""
    """A signed note of the decision-maker over this leaf without ``sig``."""
    seal: int | None = None
    """Until when it may not be told what this is about (stage 2): keys of the type may be missing."""


_ACTOR = fields.record({"id": fields.pseudonym, "role": fields.one_of({role.value for role in Role})})
_REQUIRED: Mapping[str, Check] = MappingProxyType(
    {
        "actor": _ACTOR,
        "prev": fields.hash_hex,
        "seq": fields.counter,
        "state": fields.hash_hex,
        "t": fields.counter,
        "type": fields.text(40),
        "v": fields.counter,
    }
)
_OPTIONAL: Mapping[str, Check] = MappingProxyType(
    {
        "priv": fields.hash_hex,
        "ref": fields.hash_hex,
        "seal": fields.record({"until": fields.counter}),
        "second": _ACTOR,
        "sig": fields.lines(MAX_SIGNATURE_NOTE),
    }
)
_COMMON = {**_REQUIRED, **_OPTIONAL}
COMMON = frozenset(_COMMON)
"""The keys that leaves of all types have in common."""


def encode(leaf: Leaf) -> bytes:
    """The bytes of a leaf. FormatError: it breaks a rule; nothing that ``decode`` would refuse is written."""
    if clash := COMMON & set(leaf.facts):
        raise FormatError(f"{sorted(clash)[0]!r} is a key of all leaves")
    found: dict[str, Json] = {
        "actor": _actor_json(leaf.actor),
        "prev": leaf.prev,
        "seq": leaf.seq,
        "state": leaf.state,
        "t": leaf.t,
        "type": str(leaf.type),
        "v": VERSION,
        **leaf.facts,
    }
    found |= {key: value for key in ("priv", "ref", "sig") if (value := getattr(leaf, key))}
    if leaf.second is not None:
        found["second"] = _actor_json(leaf.second)
    if leaf.seal is not None:
        found["seal"] = {"until": leaf.seal}
    _check(found)
    data = encode_json(found)
    if len(data) > MAX_ENTRY:
        raise FormatError(f"the leaf has {len(data)} bytes, more than {MAX_ENTRY}")
    return data


def decode(data: bytes) -> Leaf:
    """The leaf of these bytes. FormatError: they are none of v:1, or break a rule that a leaf alone shows."""
    if len(data) > MAX_ENTRY:
        raise FormatError(f"the leaf has {len(data)} bytes, more than {MAX_ENTRY}")
    found = decode_json(data)
    if not isinstance(found, dict):
        raise FormatError("a leaf is an object")
    _check(found)
    seal = found.get("seal")
    return Leaf(
        seq=found["seq"],
        t=found["t"],
        type=found["type"],
        actor=_actor(found["actor"]),
        state=found["state"],
        prev=found["prev"],
        facts=MappingProxyType({key: value for key, value in found.items() if key not in COMMON}),
        second=_actor(found["second"]) if "second" in found else None,
        priv=found.get("priv", ""),
        ref=found.get("ref", ""),
        sig=found.get("sig", ""),
        seal=None if seal is None else seal["until"],
    )


def _check(found: dict[str, Json]) -> None:
    if missing := _REQUIRED.keys() - found.keys():
        raise FormatError(f"the leaf lacks {sorted(missing)[0]!r}")
    fields.all_named(_COMMON, found)
    if found["v"] != VERSION:
        raise FormatError(f"the leaf is of another version than {VERSION}")
    if found["type"] in SHAPES:
        _check_type(LeafType(str(found["type"])), found)
    _check_place(found)


def _check_type(kind: LeafType, found: dict[str, Json]) -> None:
    shape = SHAPES[kind]
    own = {key: value for key, value in found.items() if key not in COMMON}
    if (missing := shape.required.keys() - own.keys()) and "seal" not in found:
        raise FormatError(f"a leaf of type {kind} lacks {sorted(missing)[0]!r}")
    for key, value in own.items():
        check = shape.required.get(key) or shape.optional.get(key)
        if check is None:
            raise FormatError(f"a leaf of type {kind} has a key that is not known")
        fields.named(key, check, value)
    if not shape.moves and found["state"] != found["prev"]:
        raise FormatError(f"a leaf of type {kind} changes the state")


def _check_place(found: dict[str, Json]) -> None:
    """A log begins with ``log.init``, before which there was no state, and has no other."""
    is_first = found["seq"] == 0
    if is_first != (found["type"] == LeafType.LOG_INIT):
        raise FormatError(f"the first leaf, and no other, has the type {LeafType.LOG_INIT}")
    if is_first and found["prev"] != ZERO_HASH:
        raise FormatError("there is a state before the first leaf")
    if found["state"] == ZERO_HASH and found["prev"] != ZERO_HASH:
        raise FormatError("the state ends")


def _actor_json(actor: LeafActor) -> dict[str, Json]:
    return {"id": actor.id, "role": actor.role.value}


def _actor(value: dict[str, str]) -> LeafActor:
    return LeafActor(value["id"], Role(value["role"]))
