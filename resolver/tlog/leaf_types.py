"""The types of leaves of v:1: which keys of its own each type has, and which of them may change the state.

The specification in words is README.md beside this file. A type is added here and there; none is ever changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from resolver.tlog import fields
from resolver.tlog.canonical import Json
from resolver.tlog.fields import Check
from resolver.tlog.notes import VerifierKey

MAX_KEY_TEXT = 4_000
"""Characters of a vkey: one of ML-DSA-44 has 1,800."""
MAX_CHECKPOINT = 20_000
"""Characters of the checkpoint that a new log begins with."""
MAX_LISTS = 1_024
"""More than a policy's mask has bits for (``blocklists.model.MAX_BITS``)."""


class LeafType(StrEnum):
    """What happened. The word before the dot is the kind of thing that it happened to."""

    LIST_ADD = "list.add"
    LIST_CHANGE = "list.change"
    LIST_DROP = "list.drop"
    LIST_SYNC = "list.sync"
    LIST_FAIL = "list.fail"
    LIST_STALE = "list.stale"
    LIST_HOLD = "list.hold"
    LIST_APPROVE = "list.approve"
    LIST_RELEASE = "list.release"
    LIST_ROLLBACK = "list.rollback"
    LIST_SUSPEND = "list.suspend"
    LIST_RESUME = "list.resume"
    LIST_EDIT = "list.edit"
    LIST_ERASE = "list.erase"
    LIST_READ = "list.read"
    CATEGORY_SET = "category.set"
    CATEGORY_DEL = "category.del"
    PROFILE_SET = "profile.set"
    PROFILE_DEL = "profile.del"
    ADMIN_ADD = "admin.add"
    ADMIN_DEL = "admin.del"
    CONFIG_LOAD = "config.load"
    CONFIG_REFUSE = "config.refuse"
    SOFTWARE_START = "software.start"
    VAULT_ROTATE = "vault.rotate"
    PUBLISH = "publish"
    ENFORCE = "enforce"
    CANARY = "canary"
    HEARTBEAT = "heartbeat"
    STATS = "stats"
    WORKER_START = "worker.start"
    WORKER_END = "worker.end"
    WORKER_REFUSE = "worker.refuse"
    DEBUG_ON = "debug.on"
    DEBUG_OFF = "debug.off"
    AUDIT_READ = "audit.read"
    AUDIT_ERASE = "audit.erase"
    EVENT_UNTOLD = "event.untold"
    LOG_INIT = "log.init"
    LOG_NEXT = "log.next"
    LOG_CLOSE = "log.close"
    KEY_ADD = "key.add"
    KEY_RETIRE = "key.retire"


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys that a type has of its own, and whether such a leaf may have a ``state`` other than ``prev``."""

    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    moves: bool = False


def _verifier_key(value: Json) -> None:
    """A vkey of any kind (c2sp.org/signed-note)."""
    fields.text(MAX_KEY_TEXT)(value)
    VerifierKey.parse(str(value))


_LIST = MappingProxyType({"list": fields.identifier})
_CHANGES = fields.record({}, {"add": fields.counter, "del": fields.counter, "n": fields.counter})
_OVERRIDES = fields.record(
    {}, {"add": fields.counter, "back": fields.counter, "del": fields.counter, "n": fields.counter}
)
_SOURCE = fields.record(
    {}, {"auth": fields.text(200), "basis": fields.one_of({"voluntary", "statute", "court", "user"})}
)
_CONFIDENTIALITY = fields.one_of({"public", "restricted", "secret"})
_VKEY = MappingProxyType({"vkey": _verifier_key})
_PROCESS = Shape({"part": fields.word}, {"node": fields.identifier})
_PERSON = Shape({"who": fields.pseudonym}, {"rank": fields.word})
_ORIGIN = fields.text(255)


def _about_list(
    required: Mapping[str, Check] | None = None, *, moves: bool = True, **optional: Check
) -> Shape:
    return Shape(dict(_LIST) | dict(required or {}), {"src": _SOURCE} | optional, moves)


SHAPES: Mapping[LeafType, Shape] = MappingProxyType(
    {
        LeafType.LIST_ADD: _about_list(conf=_CONFIDENTIALITY),
        LeafType.LIST_CHANGE: _about_list(conf=_CONFIDENTIALITY),
        LeafType.LIST_DROP: _about_list(),
        LeafType.LIST_SYNC: _about_list(chg=_CHANGES),
        LeafType.LIST_FAIL: _about_list(moves=False),
        LeafType.LIST_STALE: _about_list(
            enf=fields.one_of({"all", "names", "nothing"}),
            level=fields.one_of({"current", "warned", "critical", "past"}),
        ),
        LeafType.LIST_HOLD: _about_list(moves=False, gates=fields.rows(fields.word, 32)),
        LeafType.LIST_APPROVE: _about_list({"for": fields.one_of({"release", "erase"})}, moves=False),
        LeafType.LIST_RELEASE: _about_list(chg=_CHANGES),
        LeafType.LIST_ROLLBACK: _about_list(chg=_CHANGES),
        LeafType.LIST_SUSPEND: _about_list(until=fields.counter),
        LeafType.LIST_RESUME: _about_list(),
        LeafType.LIST_EDIT: _about_list(ovr=_OVERRIDES),
        LeafType.LIST_ERASE: _about_list({"stage": fields.one_of({"begun", "done"})}),
        LeafType.LIST_READ: _about_list(
            {"how": fields.one_of({"open", "ask", "challenge"})}, moves=False, of=fields.hash_hex
        ),
        LeafType.CATEGORY_SET: Shape({"category": fields.identifier}, moves=True),
        LeafType.CATEGORY_DEL: Shape({"category": fields.identifier}, moves=True),
        LeafType.PROFILE_SET: Shape({"profile": fields.identifier}, moves=True),
        LeafType.PROFILE_DEL: Shape({"profile": fields.identifier}, moves=True),
        LeafType.ADMIN_ADD: _PERSON,
        LeafType.ADMIN_DEL: _PERSON,
        LeafType.CONFIG_LOAD: Shape(moves=True),
        LeafType.CONFIG_REFUSE: Shape(),
        LeafType.SOFTWARE_START: Shape({"sw": fields.text(200)}, moves=True),
        LeafType.VAULT_ROTATE: Shape(),
        LeafType.PUBLISH: Shape({"snap": fields.hash_hex}, {"urls": fields.hash_hex}, moves=True),
        LeafType.ENFORCE: Shape(
            {"node": fields.identifier, "served": fields.hash_hex, "snap": fields.hash_hex}
        ),
        LeafType.CANARY: _about_list(
            moves=False,
            day=fields.day,
            paths=fields.table(fields.word, fields.one_of({"good", "wrong", "silent", "off", "unknown"}), 64),
            result=fields.one_of({"working", "failing", "off", "unknown"}),
        ),
        LeafType.HEARTBEAT: Shape(),
        LeafType.STATS: Shape(
            {
                "c": fields.counter,
                "counts": fields.table(fields.identifier, fields.maybe(fields.counter), MAX_LISTS),
                "day": fields.day,
                "eps": fields.decimal,
                "k": fields.counter,
            }
        ),
        LeafType.WORKER_START: _PROCESS,
        LeafType.WORKER_END: _PROCESS,
        LeafType.WORKER_REFUSE: _PROCESS,
        LeafType.DEBUG_ON: Shape(optional={"until": fields.counter}),
        LeafType.DEBUG_OFF: Shape(),
        LeafType.AUDIT_READ: Shape(optional={"of": fields.counter}),
        LeafType.AUDIT_ERASE: Shape(optional={"n": fields.counter}),
        LeafType.EVENT_UNTOLD: Shape(),
        LeafType.LOG_INIT: Shape(
            {"origin": _ORIGIN, **_VKEY}, {"last": fields.lines(MAX_CHECKPOINT)}, moves=True
        ),
        LeafType.LOG_NEXT: Shape({"origin": _ORIGIN, **_VKEY}),
        LeafType.LOG_CLOSE: Shape({"why": fields.one_of({"year", "compromise", "other"})}, {"next": _ORIGIN}),
        LeafType.KEY_ADD: Shape(_VKEY),
        LeafType.KEY_RETIRE: Shape(_VKEY),
    }
)
"""Every type has its shape. A leaf of a type that is not here is one of a later version: its own keys are not judged."""

MOVING = frozenset(kind for kind, shape in SHAPES.items() if shape.moves)
"""The types whose leaves may change the state."""
