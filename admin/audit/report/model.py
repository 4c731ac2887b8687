"""What the parts of a report have in common: the form of their numbers, and the step from leaf to leaf. Pure.

Every number is a whole one (seconds, counts), so that each machine prints the same bytes. None is "not told".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from admin.audit.report.period import Period
from resolver.tlog.leaves import Leaf
from resolver.tlog.manifests import Manifest

Document: TypeAlias = "dict[str, Any]"
"""A JSON object of the report; README.md has its keys."""


@dataclass(frozen=True, slots=True)
class Step:
    """One leaf on its way through a period."""

    leaf: Leaf
    is_inside: bool
    """Whether its time is in the period; it is before that otherwise."""
    manifest: Manifest | None
    """The state in force after it; None before there was one, and where nothing needs to know it."""
    is_new_state: bool
    """Whether ``manifest`` came with this leaf, or is the one that the period begins with."""


class Part(Protocol):
    """One part of the report: sees every leaf up to the end of the period, then tells."""

    def take(self, step: Step) -> None:
        """The next leaf."""
        ...

    def told(self, period: Period) -> Document:
        """What it has found."""
        ...


def spread(values: Iterable[int]) -> Document:
    """How many there are, with median, 95th percentile and maximum (nearest rank: each is one of the values)."""
    found = sorted(values)
    return {
        "count": len(found),
        "median": _rank(found, 50),
        "p95": _rank(found, 95),
        "longest": found[-1] if found else None,
    }


def add(total: int | None, more: object) -> int | None:
    """A sum of which a part may not be told: then it is not told either."""
    return total + more if total is not None and type(more) is int else None


def _rank(found: Sequence[int], percent: int) -> int | None:
    return found[max(0, -(-len(found) * percent // 100) - 1)] if found else None
