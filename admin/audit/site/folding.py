"""From leaf to leaf: what each adds to the sums. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from admin.audit.site.sums import (
    MOST_HAPPENINGS,
    MOST_NODES,
    MOST_SILENCES,
    Happening,
    ListLife,
    Silence,
    Sums,
    Updates,
)
from resolver.tlog.canonical import Json
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import MERGE_DELAY, Leaf
from resolver.tlog.manifests import ListState, Manifest

_DAY = 86_400
LISTS, LIMITS, RULES, LOOKS, ROUTINE = "lists", "limits", "rules", "looks", "routine"
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                LeafType.LIST_ADD,
                LeafType.LIST_CHANGE,
                LeafType.LIST_DROP,
                LeafType.LIST_SYNC,
                LeafType.LIST_RELEASE,
                LeafType.LIST_EDIT,
            ),
            LISTS,
        ),
        **dict.fromkeys(
            (
                LeafType.LIST_FAIL,
                LeafType.LIST_STALE,
                LeafType.LIST_HOLD,
                LeafType.LIST_APPROVE,
                LeafType.LIST_ROLLBACK,
                LeafType.LIST_SUSPEND,
                LeafType.LIST_RESUME,
                LeafType.LIST_ERASE,
            ),
            LIMITS,
        ),
        **dict.fromkeys(
            (
                LeafType.CATEGORY_SET,
                LeafType.CATEGORY_DEL,
                LeafType.PROFILE_SET,
                LeafType.PROFILE_DEL,
                LeafType.CONFIG_LOAD,
                LeafType.CONFIG_REFUSE,
                LeafType.SOFTWARE_START,
                LeafType.VAULT_ROTATE,
                LeafType.LOG_INIT,
                LeafType.LOG_NEXT,
                LeafType.LOG_CLOSE,
                LeafType.KEY_ADD,
                LeafType.KEY_RETIRE,
            ),
            RULES,
        ),
        **dict.fromkeys(
            (
                LeafType.LIST_READ,
                LeafType.AUDIT_READ,
                LeafType.AUDIT_ERASE,
                LeafType.DEBUG_ON,
                LeafType.DEBUG_OFF,
                LeafType.ADMIN_ADD,
                LeafType.ADMIN_DEL,
            ),
            LOOKS,
        ),
    }
)
"""Every other type is routine: the log proving that it and the filter run."""
_ALSO_TOLD = frozenset({LeafType.WORKER_REFUSE, LeafType.EVENT_UNTOLD})
_SUBJECTS = ("list", "profile", "category", "node", "part")
_WORDS = ("level", "how", "for", "why", "stage", "result", "conf", "rank")

Manifests = Callable[[str], Manifest]
"""The manifest of a state."""


def fold(sums: Sums, leaf: Leaf, manifests: Manifests) -> None:
    """Add the next leaf. What ``manifests`` raises leaves the sums unfinished: they must not be used then."""
    if leaf.seq == 0:
        sums.origin, sums.first, sums.last = str(leaf.facts.get("origin", "")), leaf.t, leaf.t
        sums.follows = "last" in leaf.facts
    if leaf.t - sums.last > MERGE_DELAY:
        sums.silences = [*sums.silences, Silence(sums.last, leaf.t)][-MOST_SILENCES:]
    group = GROUPS.get(leaf.type, ROUTINE)
    name = f"{datetime.fromtimestamp(leaf.t, UTC):%Y-%m}"
    month = sums.months.setdefault(name, {})
    month[group] = month.get(group, 0) + 1
    if leaf.state not in (sums.state, ZERO_HASH):
        sums.state = leaf.state
        _follow(sums, leaf, manifests(leaf.state))
    _note(sums, leaf)
    if leaf.type == LeafType.LIST_SYNC:
        _update(sums, leaf, name)
    elif group != ROUTINE or leaf.type in _ALSO_TOLD:
        _tell(sums, _happening(leaf))
    sums.last, sums.size = leaf.t, leaf.seq + 1


def _follow(sums: Sums, leaf: Leaf, manifest: Manifest) -> None:
    sums.software = manifest.software
    for gone in sums.lists.keys() - manifest.lists.keys():
        if sums.lists[gone].until is None:
            sums.lists[gone].until = leaf.t
    for name, item in manifest.lists.items():
        life = sums.lists.get(name)
        if life is None or life.until is not None:
            is_older = sums.follows and leaf.seq == 0
            life = sums.lists[name] = ListLife(leaf.t, is_older, item.enf, leaf.t)
        if life.enforced != item.enf:
            life.enforced, life.enforced_since = item.enf, leaf.t
        _count(life, item, leaf.t // _DAY)


def _count(life: ListLife, item: ListState, day: int) -> None:
    if item.conf != "public":
        life.counts.clear()  # what was public once stands in the log; the page draws it no more
    elif item.n is not None and list(life.counts.values())[-1:] != [item.n]:
        life.counts[day] = item.n


def _note(sums: Sums, leaf: Leaf) -> None:
    """What leaves of single types say beyond having happened."""
    facts = leaf.facts
    if leaf.type == LeafType.ENFORCE:
        sums.nodes.pop(str(facts.get("node", "")), None)
        sums.nodes[str(facts.get("node", ""))] = str(facts.get("served", ""))
        while len(sums.nodes) > MOST_NODES:
            del sums.nodes[next(iter(sums.nodes))]
    elif leaf.type == LeafType.CANARY:
        _tested(sums, leaf)
    elif leaf.type in (LeafType.LIST_SUSPEND, LeafType.LIST_RESUME):
        _suspended(sums, leaf)
    elif leaf.type == LeafType.LOG_CLOSE:
        sums.closed, sums.successor = str(facts.get("why", "other")), str(facts.get("next", ""))


def _tested(sums: Sums, leaf: Leaf) -> None:
    """A self-test is news where it fails, and where it works again."""
    life, found = sums.lists.get(str(leaf.facts.get("list"))), str(leaf.facts.get("result", ""))
    if life is None or found not in ("working", "failing"):
        return
    if "failing" in (found, life.test) and found != life.test:
        _tell(sums, _happening(leaf))
    life.test, life.tested = found, leaf.t


def _suspended(sums: Sums, leaf: Leaf) -> None:
    life = sums.lists.get(str(leaf.facts.get("list")))
    if life is not None:
        begins = leaf.type == LeafType.LIST_SUSPEND
        life.suspended = leaf.t if begins else None
        life.suspended_until = _number(leaf.facts.get("until")) if begins else None


def _update(sums: Sums, leaf: Leaf, month: str) -> None:
    new = _happening(leaf)
    found = sums.updates.setdefault(new.subject, {}).setdefault(month, Updates())
    found.times, found.last = found.times + 1, leaf.t
    found.added, found.removed = _sum(found.added, new.added), _sum(found.removed, new.removed)


def _happening(leaf: Leaf) -> Happening:
    facts = leaf.facts
    changes = facts.get("chg", facts.get("ovr"))
    told: Mapping[str, Json] = changes if isinstance(changes, Mapping) else {}
    return Happening(
        type=leaf.type,
        subject=next((str(facts[key]) for key in _SUBJECTS if key in facts), ""),
        word=next((str(facts[key]) for key in _WORDS if key in facts), ""),
        role=leaf.actor.role.value,
        second=leaf.second is not None,
        seq=leaf.seq,
        t=leaf.t,
        added=_number(told.get("add")),
        removed=_number(told.get("del")),
        until=_number(facts.get("until")),
    )


def _tell(sums: Sums, new: Happening) -> None:
    """Put it to the rest; what happened before on the same day, in the same way, becomes one with it."""
    for old in reversed(sums.happenings):
        if old.t // _DAY != new.t // _DAY:
            break
        if _kind(old) == _kind(new):
            new.times += old.times
            new.added, new.removed = _sum(old.added, new.added), _sum(old.removed, new.removed)
            sums.happenings.remove(old)
            break
    sums.happenings = [*sums.happenings, new][-MOST_HAPPENINGS:]


def _kind(item: Happening) -> tuple[str, str, str, str, bool]:
    return item.type, item.subject, item.word, item.role, item.second


def _number(value: Json) -> int | None:
    return value if isinstance(value, int) else None


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
