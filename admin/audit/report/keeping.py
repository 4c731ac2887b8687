"""The log itself: silences, keys, software, samples of queries, and what was decided about the whole appliance."""

from __future__ import annotations

from admin.audit.report.growing import Tree
from admin.audit.report.model import Document, Step
from admin.audit.report.period import Period
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import MERGE_DELAY


class KeepingPart:
    """Follows the log's own leaves."""

    def __init__(self, period: Period) -> None:
        """``period`` cuts the silences."""
        self._period = period
        self._last: int | None = None
        self._origin = ""
        self._gaps: list[Document] = []
        self._keys: list[Document] = []
        self._software: list[Document] = []
        self._samples: list[Document] = []
        self._ends: list[Document] = []
        self._first: int | None = None

    def take(self, step: Step) -> None:
        """A leaf, whatever it is about."""
        leaf = step.leaf
        self._note_silence(leaf.t)
        self._last = leaf.t
        if step.is_inside and self._first is None:
            self._first = leaf.seq
        self._note_key(step)
        if leaf.type == LeafType.SOFTWARE_START:
            if not step.is_inside:
                self._software.clear()
            self._software.append({"at": leaf.t, "software": leaf.facts["sw"]})
        if step.is_inside and leaf.type in (LeafType.DEBUG_ON, LeafType.DEBUG_OFF):
            self._samples.append({"at": leaf.t, "on": leaf.type == LeafType.DEBUG_ON})
        if leaf.type == LeafType.LOG_CLOSE:
            self._ends.append({"at": leaf.t, "why": leaf.facts["why"], "next": leaf.facts.get("next", "")})

    def turned(self, tree: Tree) -> Document:
        """Another log begins: what names the one that ended, with all its leaves."""
        first, self._first = self._first, None
        return {
            "origin": self._origin,
            "first_leaf": first,
            "leaves": tree.size,
            "root": tree.root.hex(),
        }

    def told(self, tree: Tree, state: str, until: int) -> Document:
        """``tree`` has the leaves of the last log up to the end of the period; it is known up to ``until``."""
        self._note_silence(until)
        return {
            "origin": self._origin,
            "first_leaf": self._first,
            "leaves": tree.size,
            "root": tree.root.hex(),
            "state": state,
            "closed": self._ends,
            "keys": self._keys,
            "silences": self._gaps,
            "software": self._software,
            "query_samples": self._samples,
        }

    def _note_silence(self, now: int) -> None:
        if self._last is not None and now - self._last > MERGE_DELAY and now > self._period.begin:
            self._gaps.append({"from": self._last, "until": min(now, self._period.end)})

    def _note_key(self, step: Step) -> None:
        leaf = step.leaf
        if leaf.type == LeafType.LOG_INIT:
            self._origin = str(leaf.facts["origin"])
        if leaf.type in (LeafType.LOG_INIT, LeafType.KEY_ADD):
            self._keys.append(
                {
                    "key": leaf.facts["vkey"],
                    "since": leaf.t,
                    "from_leaf": leaf.seq,
                    "retired": None,
                    "to_leaf": None,
                }
            )
        if leaf.type == LeafType.KEY_RETIRE:
            for key in self._keys:
                if key["key"] == leaf.facts["vkey"] and key["retired"] is None:
                    key |= {"retired": leaf.t, "to_leaf": leaf.seq}
