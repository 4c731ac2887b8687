"""How each kind of event is told in the public log: the type of its leaf, and where each of the leaf's facts comes from.

A new kind of event gets its line here or stands in ``NEVER``; a test holds that every kind is decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from admin.audit import facts
from admin.audit.events import EventKind
from admin.audit.facts import Draw
from resolver.tlog.leaf_types import LeafType

NEVER = frozenset(
    {
        EventKind.SUBSCRIBER_CHANGED,
        EventKind.SUBSCRIBER_DELETED,
        EventKind.LIST_SCANNED,
        EventKind.AUDIT_ERASING,
        EventKind.LIST_OPENING_ASKED,
        EventKind.LIST_OPENING_AGREED,
        EventKind.LIST_OPENING_ENDED,
        EventKind.LOG_CLOCK_CONFIRMED,
        EventKind.LOG_ADOPTED,
    }
)
"""Events that no leaf tells of. That clients walk through secret lists is something that subscribers do. The first of two
consents to an erasure has to tell which, so it is erased with the rest; the erasure itself is told. So is everything that is given out of a list, with both persons;
that it was asked for and agreed to shows nobody anything yet. What is said of a box's clock and folders is nothing that
is enforced: leaves show the time that was believed, and checkpoints a log that forked."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How a kind of event is told: the leaf's type, and where each of its facts comes from."""

    type: LeafType
    facts: Mapping[str, Draw] = field(default_factory=dict)


def _list(kind: LeafType, **drawn: Draw) -> Telling:
    return Telling(kind, {"list": facts.subject, "src": facts.source} | drawn)


_CHANGES = facts.numbers(add="added", **{"del": "removed"}, n="entries")
_OVERRIDES = facts.numbers(add="added", back="taken_back", **{"del": "removed"}, n="edits")
_PROCESS: Mapping[str, Draw] = {"part": facts.part, "node": facts.of("node")}
_WHO: Mapping[str, Draw] = {"who": facts.person, "rank": facts.of("role")}
KEY_RETIRED = Telling(LeafType.KEY_RETIRE, {"vkey": facts.of("vkey")})

PUBLIC: Mapping[EventKind, Telling] = MappingProxyType(
    {
        EventKind.LIST_CREATED: _list(LeafType.LIST_ADD, conf=facts.of("confidentiality")),
        EventKind.LIST_CHANGED: _list(LeafType.LIST_CHANGE, conf=facts.of("confidentiality")),
        EventKind.LIST_DELETED: _list(LeafType.LIST_DROP),
        EventKind.LIST_SYNCED: _list(LeafType.LIST_SYNC, chg=_CHANGES),
        EventKind.LIST_HELD: _list(LeafType.LIST_HOLD, gates=facts.gates),
        EventKind.LIST_FAILED: _list(LeafType.LIST_FAIL),
        EventKind.LIST_APPROVED: _list(LeafType.LIST_APPROVE, **{"for": facts.approved}),
        EventKind.LIST_RELEASED: _list(LeafType.LIST_RELEASE, chg=_CHANGES),
        EventKind.LIST_ROLLED_BACK: _list(LeafType.LIST_ROLLBACK, chg=_CHANGES),
        EventKind.LIST_SUSPENDED: _list(LeafType.LIST_SUSPEND, until=facts.moment("until")),
        EventKind.LIST_RESUMED: _list(LeafType.LIST_RESUME),
        EventKind.LIST_STALE: _list(LeafType.LIST_STALE, level=facts.of("level"), enf=facts.of("enforced")),
        EventKind.LIST_EDITED: _list(LeafType.LIST_EDIT, ovr=_OVERRIDES),
        EventKind.LIST_ASKED: _list(LeafType.LIST_READ, how=facts.always("ask")),
        EventKind.LIST_OPENED: _list(LeafType.LIST_READ, how=facts.always("open"), of=facts.of("state")),
        EventKind.LIST_CHALLENGED: _list(
            LeafType.LIST_READ, how=facts.always("challenge"), of=facts.of("state")
        ),
        EventKind.LIST_ERASING: _list(LeafType.LIST_ERASE, stage=facts.always("begun")),
        EventKind.LIST_ERASED: _list(LeafType.LIST_ERASE, stage=facts.always("done")),
        EventKind.LIST_SELFTEST: _list(LeafType.CANARY, result=facts.of("state")),
        EventKind.CANARY_RESULT: _list(
            LeafType.CANARY, result=facts.of("state"), day=facts.of("day"), paths=facts.paths
        ),
        EventKind.CATEGORY_CHANGED: Telling(LeafType.CATEGORY_SET, {"category": facts.subject}),
        EventKind.CATEGORY_DELETED: Telling(LeafType.CATEGORY_DEL, {"category": facts.subject}),
        EventKind.PROFILE_CHANGED: Telling(LeafType.PROFILE_SET, {"profile": facts.subject}),
        EventKind.PROFILE_DELETED: Telling(LeafType.PROFILE_DEL, {"profile": facts.subject}),
        EventKind.TOKEN_CREATED: Telling(LeafType.ADMIN_ADD, _WHO),
        EventKind.TOKEN_REVOKED: Telling(LeafType.ADMIN_DEL, _WHO),
        EventKind.CONFIG_LOADED: Telling(LeafType.CONFIG_LOAD),
        EventKind.CONFIG_REFUSED: Telling(LeafType.CONFIG_REFUSE),
        EventKind.SOFTWARE_STARTED: Telling(LeafType.SOFTWARE_START, {"sw": facts.version}),
        EventKind.VAULT_ROTATED: Telling(LeafType.VAULT_ROTATE),
        EventKind.WORKER_STARTED: Telling(LeafType.WORKER_START, _PROCESS),
        EventKind.WORKER_ENDED: Telling(LeafType.WORKER_END, _PROCESS),
        EventKind.WORKER_REFUSED: Telling(LeafType.WORKER_REFUSE, _PROCESS),
        EventKind.STATE_ENFORCED: Telling(
            LeafType.ENFORCE, {"node": facts.subject, "snap": facts.of("snap"), "served": facts.of("state")}
        ),
        EventKind.STATS_COUNTED: Telling(
            LeafType.STATS,
            {"counts": facts.counts} | {key: facts.of(key) for key in ("c", "day", "eps", "k")},
        ),
        EventKind.DEBUG_ON: Telling(LeafType.DEBUG_ON, {"until": facts.moment("until")}),
        EventKind.DEBUG_OFF: Telling(LeafType.DEBUG_OFF),
        EventKind.AUDIT_OPENED: Telling(LeafType.AUDIT_READ, {"of": facts.of("leaf")}),
        EventKind.AUDIT_ERASED: Telling(LeafType.AUDIT_ERASE, {"n": facts.of("events")}),
        EventKind.LOG_ROTATED: Telling(LeafType.KEY_ADD, {"vkey": facts.of("vkey")}),
        EventKind.LOG_CLOSED: Telling(LeafType.LOG_CLOSE, {"why": facts.of("why"), "next": facts.of("next")}),
    }
)
"""Every kind of event but those of ``NEVER``. LOG_ROTATED is ``key.retire`` where its detail says ``step: retire``."""
