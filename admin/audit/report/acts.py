"""Who decided, in what capacity, and what else was done: people by pseudonym, roles, and counts of everything."""

from __future__ import annotations

from collections import Counter

from admin.audit.report.model import Document, Step
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import Role

_TAKEN = {LeafType.HEARTBEAT, LeafType.STATS, LeafType.PUBLISH, LeafType.ENFORCE, LeafType.CANARY}
"""Types that decide nothing."""


class ActsPart:
    """Counts leaves."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self._types: Counter[str] = Counter()
        self._roles: Counter[str] = Counter()
        self._people: set[str] = set()
        self._two = 0
        self._erased = 0

    def take(self, step: Step) -> None:
        """Count one of the period."""
        leaf = step.leaf
        if not step.is_inside:
            return
        self._types[leaf.type] += 1
        if leaf.type in _TAKEN:
            return
        self._roles[leaf.actor.role.value] += 1
        if leaf.actor.role is not Role.SYSTEM:
            self._people.add(leaf.actor.id)
        if leaf.second is not None:
            self._two += 1
            self._people.add(leaf.second.id)
        if leaf.type == LeafType.AUDIT_ERASE and isinstance(number := leaf.facts.get("n"), int):
            self._erased += number

    def told(self) -> Document:
        """Every type has its number, so that two periods have the same keys."""
        known = {kind.value: self._types[kind] for kind in LeafType}
        later = {kind: count for kind, count in self._types.items() if kind not in known}
        return {
            "leaves": dict(sorted((known | later).items())),
            "by_role": {role.value: self._roles[role] for role in Role},
            "people": len(self._people),
            "by_two_persons": self._two,
            "private_parts_erased": self._erased,
        }
