"""Test entries: what the appliance's own tests found of each list's, by transport and day, and how long it failed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from admin.audit.report.model import Document, Step
from admin.audit.report.period import Period
from resolver.tlog.leaf_types import LeafType

OUTCOMES = ("good", "wrong", "silent", "off", "unknown")
_WORKING, _FAILING = "working", "failing"


@dataclass(slots=True)
class _Found:
    """Of one list."""

    results: Counter[str] = field(default_factory=Counter)
    paths: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    days: set[str] = field(default_factory=set)
    failing_since: int | None = None
    outages: list[tuple[int, int | None]] = field(default_factory=list)


class CanaryPart:
    """Follows the tests."""

    def __init__(self) -> None:
        """Knows of no test yet."""
        self._lists: dict[str, _Found] = defaultdict(_Found)

    def take(self, step: Step) -> None:
        """A finding; one before the period tells whether it begins with a failure."""
        leaf = step.leaf
        if leaf.type != LeafType.CANARY:
            return
        found, facts = self._lists[str(leaf.facts["list"])], leaf.facts
        result = str(facts.get("result", "unknown"))
        if result == _FAILING and found.failing_since is None:
            found.failing_since = leaf.t
        if result == _WORKING and found.failing_since is not None:
            if step.is_inside:
                found.outages.append((found.failing_since, leaf.t))
            found.failing_since = None
        if step.is_inside:
            found.results[result] += 1
            _count_paths(found, facts.get("day"), facts.get("paths"))

    def told(self, period: Period, until: int) -> dict[str, Document]:
        """By list id: those that were tested."""
        return {
            list_id: _document(found, period, until)
            for list_id, found in sorted(self._lists.items())
            if found.results or found.failing_since is not None
        }


def _count_paths(found: _Found, day: Any, paths: Any) -> None:
    if isinstance(day, str):
        found.days.add(day)
    if isinstance(paths, dict):
        for path, outcome in paths.items():
            found.paths[path][outcome] += 1


def _document(found: _Found, period: Period, until: int) -> Document:
    spans: list[tuple[int, int | None]] = list(found.outages)
    if found.failing_since is not None:
        spans.append((found.failing_since, None))
    outages = [(max(since, period.begin), end) for since, end in spans]
    return {
        "results": {word: found.results[word] for word in (_WORKING, _FAILING, "off", "unknown")},
        "days": len(found.days),
        "transports": {
            path: {outcome: counted[outcome] for outcome in OUTCOMES}
            for path, counted in sorted(found.paths.items())
        },
        "outages": [{"from": since, "until": end} for since, end in outages],
        "seconds_failing": sum((until if end is None else end) - since for since, end in outages),
    }
