"""What was blocked, as far as it may be told: sums of the days' noised numbers (``admin.audit.noise`` has the method)."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypedDict, cast

from admin.audit.report.model import Document, Step
from admin.audit.report.period import Period
from resolver.tlog.leaf_types import LeafType

METHOD = "max(0, count + DiscreteLaplace(c / eps)), not told below k"
_Z_95 = Fraction(196, 100)
"""Standard deviations on each side of a mean that hold 95 % of a normal distribution."""


class _Facts(TypedDict):
    """The keys of a ``stats`` leaf (``resolver.tlog.leaf_types``)."""

    c: int
    eps: str
    k: int
    counts: dict[str, int | None]


@dataclass(slots=True)
class _Group:
    told: int = 0
    days_told: int = 0
    days_hidden: int = 0
    variance: Fraction = Fraction(0)
    months: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    """Sum and number of the days that were told."""


class CountersPart:
    """Follows the ``stats`` leaves whose day is in the period, also those that came after it ended."""

    def __init__(self, period: Period) -> None:
        """``period`` says which days count."""
        self._days = (period.first.isoformat(), period.last.isoformat())
        self.days: dict[str, Document] = {}
        """What the log tells of each day."""
        self._parameters: dict[tuple[int, str, int], int] = defaultdict(int)
        self._groups: dict[str, _Group] = defaultdict(_Group)

    def take(self, step: Step) -> None:
        """Count a day. Of two leaves about one day the first counts: a second draw would uncover what noise hides."""
        leaf = step.leaf
        day = leaf.facts.get("day")
        if leaf.type != LeafType.STATS or not isinstance(day, str) or day in self.days:
            return
        if not self._days[0] <= day <= self._days[1] or not Fraction(str(leaf.facts["eps"])):
            return  # with an eps of 0 no number says anything
        self.days[day] = {key: leaf.facts[key] for key in ("c", "counts", "eps", "k")}
        facts = cast("_Facts", leaf.facts)  # ``leaves.decode`` has checked them
        self._parameters[facts["c"], facts["eps"], facts["k"]] += 1
        scale = Fraction(facts["c"]) / Fraction(facts["eps"])
        for group, count in facts["counts"].items():
            self._count(self._groups[group], day[:7], count, scale)

    def told(self, period: Period) -> Document:
        """The groups, and everything that somebody needs to judge the numbers."""
        return {
            "method": METHOD,
            "parameters": [
                {"c": most, "eps": epsilon, "k": floor, "days": days}
                for (most, epsilon, floor), days in sorted(self._parameters.items())
            ],
            "days": len(self.days),
            "days_without_numbers": period.days - len(self.days),
            "groups": {name: _document(group) for name, group in sorted(self._groups.items())},
        }

    @staticmethod
    def _count(group: _Group, month: str, count: int | None, scale: Fraction) -> None:
        if count is None:
            group.days_hidden += 1
            return
        group.told += count
        group.days_told += 1
        group.variance += 2 * scale * scale
        total = group.months[month]
        total[0], total[1] = total[0] + count, total[1] + 1


def _document(group: _Group) -> Document:
    return {
        "sum": group.told if group.days_told else None,
        "error_95": math.isqrt(int(_Z_95 * _Z_95 * group.variance)) + 1 if group.days_told else None,
        "days_told": group.days_told,
        "days_below_k": group.days_hidden,
        "months": {
            month: {"sum": total, "days": days} for month, (total, days) in sorted(group.months.items())
        },
    }
