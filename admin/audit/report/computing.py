"""The report of a period as a JSON object: the same bytes from every copy of the log, whoever computes it. Pure.

README.md beside this file has its keys. Nothing in it depends on when it is computed once the period is ``complete``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from admin.audit.report import dsa, iwf
from admin.audit.report.acts import ActsPart
from admin.audit.report.canaries import CanaryPart
from admin.audit.report.counters import CountersPart
from admin.audit.report.growing import Tree
from admin.audit.report.keeping import KeepingPart
from admin.audit.report.latency import LatencyPart
from admin.audit.report.limits import limits_of
from admin.audit.report.lists import ListsPart
from admin.audit.report.model import Document, Step
from admin.audit.report.period import Period
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaf_types import SHAPES, LeafType
from resolver.tlog.leaves import NO_FACTS, Leaf
from resolver.tlog.manifests import Manifest

FORMAT = "weir-report-1"
COUNTERS_WAIT = 86_400
"""Seconds after a period in which the counters of its last days are still taken; then it is complete."""

SEALED = "sealed"
"""Leaves of which it may not be told yet what they are about; their keys may be missing."""

Manifests = Callable[[str], Manifest]
"""The manifest of a state."""


def printed(document: Document) -> bytes:
    """The bytes of a report's JSON file."""
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


class Walk:
    """From the first leaf to the last that matters, then to the report."""

    def __init__(self, period: Period, manifests: Manifests) -> None:
        """``manifests`` is asked for the states of the period; what it raises ``take`` raises."""
        self._period, self._manifests = period, manifests
        self._start, self._end = period.begin, period.end
        self._lists, self._canaries = ListsPart(period), CanaryPart()
        self._latency, self._acts = LatencyPart(), ActsPart()
        self._keeping, self._counters = KeepingPart(period), CountersPart(period)
        self._tree, self._state = Tree(), ZERO_HASH
        self._earlier: list[Document] = []
        self._manifest: Manifest | None = None
        self._is_begun = self._is_complete = False
        self._last = 0

    def take(self, data: bytes, leaf: Leaf) -> None:
        """The next leaf of the log, or of the one that follows it: its bytes, and what they say. Of a sealed one, and of one
        whose type is of a later version so that nobody has checked its facts, it counts that it is there.
        """
        if leaf.seal is not None:
            leaf = replace(leaf, type=SEALED, facts=NO_FACTS)
        elif leaf.type not in SHAPES:
            leaf = replace(leaf, facts=NO_FACTS)
        if leaf.t >= self._end:
            self._look_back(leaf)
            return
        is_inside = leaf.t >= self._start
        if is_inside and not self._is_begun:
            self._begin()
        if leaf.type == LeafType.LOG_INIT and self._tree.size:
            self._earlier.append(self._keeping.turned(self._tree))
            self._tree = Tree()
            leaf = replace(leaf, prev=self._state)  # the state goes on from log to log
        self._tree.add(data)
        is_new = leaf.state != self._state
        self._state, self._last = leaf.state, leaf.t
        if is_inside and is_new:
            self._manifest = self._manifests(leaf.state)
        step = Step(leaf, is_inside, self._manifest if is_inside else None, is_inside and is_new)
        for part in (self._lists, self._canaries, self._latency, self._acts, self._keeping, self._counters):
            part.take(step)

    def _look_back(self, leaf: Leaf) -> None:
        """After the period the counters of its last days come, and the proof that it is complete."""
        if leaf.t >= self._end + COUNTERS_WAIT:
            self._is_complete = True
            return
        self._counters.take(Step(leaf, False, None, False))
        is_end = leaf.type == LeafType.LOG_CLOSE and "next" not in leaf.facts
        self._is_complete = self._is_complete or is_end

    def _begin(self) -> None:
        """The state that the period begins with."""
        self._is_begun = True
        if self._state != ZERO_HASH:
            self._manifest = self._manifests(self._state)
            self._lists.begin(self._manifest)

    @property
    def days(self) -> dict[str, Document]:
        """The counters of each day of the period, as the log tells them."""
        return dict(sorted(self._counters.days.items()))

    def told(self) -> Document:
        """The report of what was taken."""
        period = self._period
        if not self._is_begun:
            self._begin()
        latency = self._latency.told()
        until = period.end if self._is_complete else min(self._last, period.end)
        document: Document = {
            "format": FORMAT,
            "period": {
                "name": period.name,
                "first_day": period.first.isoformat(),
                "last_day": period.last.isoformat(),
                "begin": period.begin,
                "end": period.end,
                "complete": self._is_complete,
                "known_until": until,
            },
            "log": {"earlier": self._earlier, **self._keeping.told(self._tree, self._state, until)},
            "lists": self._listed(until),
            "profiles": self._profiles(),
            "latency": latency.told(),
            "acts": self._acts.told(),
            "counters": self._counters.told(period),
        }
        document["dsa"], document["iwf"] = dsa.section(document), iwf.section(document)
        document["limits"] = limits_of(document)
        return document

    def _listed(self, until: int) -> Document:
        tests = self._canaries.told(self._period, until)
        found: dict[str, Any] = self._lists.told(until)
        for list_id, item in found.items():
            item["tests"] = tests.get(list_id)
            item["latency"] = self._latency.lists[list_id].told()
        return found

    def _profiles(self) -> Document:
        manifest = self._manifest
        return (
            {}
            if manifest is None
            else {name: list(lists) for name, lists in sorted(manifest.profiles.items())}
        )
