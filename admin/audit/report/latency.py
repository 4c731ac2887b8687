"""How long a decision takes from the log into force on every node: additions and removals measured alike.

Log before enforce: the leaf of a decision is there before anything of it is in force, and each node says in an
``enforce`` leaf what it serves. What another decision overtakes is in force with that one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from admin.audit.report.model import Document, Step, spread
from resolver.tlog.leaf_types import LeafType

FOLLOWED = 7 * 86_400
"""Seconds after which a decision is not followed any more: a node that was taken away never says that it has it."""

STATE_WAIT = 60
"""Seconds within which the state of a decision follows its leaf. The log holds such leaves for half of that at most."""

_EFFECTS: dict[str, tuple[bool, bool]] = {
    LeafType.LIST_ADD: (True, False),
    LeafType.LIST_SYNC: (True, False),
    LeafType.LIST_RELEASE: (True, False),
    LeafType.LIST_EDIT: (True, True),
    LeafType.LIST_ROLLBACK: (True, True),
    LeafType.LIST_RESUME: (True, False),
    LeafType.LIST_SUSPEND: (False, True),
    LeafType.LIST_DROP: (False, True),
}
"""By type, whether more is blocked and whether less is, where the leaf's own numbers do not say."""


_FETCHED = frozenset({LeafType.LIST_ADD, LeafType.LIST_SYNC, LeafType.LIST_RELEASE})
"""Types that bring in a version that was fetched for it; others act on one that may have been there for months."""


@dataclass(slots=True)
class _Decision:
    """One that is not in force everywhere yet."""

    list_id: str
    at: int
    is_inside: bool
    has_version: bool
    blocks: bool
    unblocks: bool
    fetched: int | None = None
    state: int | None = None
    """The number of the state that has it; None while it waits for one."""
    waiting: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Latencies:
    """Seconds, one for each decision and node."""

    enforced: list[int] = field(default_factory=list)
    """From the leaf of a decision that blocks more to force."""
    unblocked: list[int] = field(default_factory=list)
    """From the leaf of one that blocks less to force."""
    since_fetch: list[int] = field(default_factory=list)
    """From the fetch of a version to force."""
    waiting: int = 0
    """Decisions of the period that some node has not confirmed within FOLLOWED, nor before the period ended."""

    def told(self) -> Document:
        """As numbers."""
        return {
            "enforced": spread(self.enforced),
            "unblocked": spread(self.unblocked),
            "since_fetch": spread(self.since_fetch),
            "not_confirmed": self.waiting,
        }


class LatencyPart:
    """Follows decisions to the nodes."""

    def __init__(self) -> None:
        """Knows no node and no state yet."""
        self._nodes: dict[str, int] = {}
        """Those that are waited for, and when each said last what it serves."""
        self._states: dict[str, int] = {}
        """The number of each state when it was last decided on."""
        self._number = 0
        self._open: deque[_Decision] = deque()
        self.lists: dict[str, Latencies] = defaultdict(Latencies)

    def take(self, step: Step) -> None:
        """Take a decision up, or hear that a node serves a state."""
        leaf = step.leaf
        while self._open and self._open[0].at < leaf.t - FOLLOWED:
            self._give_up(self._open.popleft())
        if leaf.type in _EFFECTS:
            self._open.append(_decision(step))
        if leaf.state != leaf.prev:
            self._number += 1
            self._states[leaf.state] = self._number
            self._attach(step)
        if leaf.type == LeafType.ENFORCE:
            self._enforced(str(leaf.facts["node"]), self._states.get(str(leaf.facts["served"])), leaf.t)

    def told(self) -> Latencies:
        """Over all lists; those of the single ones are in ``lists``."""
        while self._open:
            self._give_up(self._open.popleft())
        return _sum(self.lists.values())

    def _attach(self, step: Step) -> None:
        """This state has all decisions that waited for one; one that has waited long was in an earlier state, and is not
        measured.
        """
        self._open = deque(
            item for item in self._open if item.state is not None or step.leaf.t - item.at <= STATE_WAIT
        )
        for item in self._open:
            if item.state is None:
                item.state, item.waiting = self._number, set(self._nodes)
                item.fetched = _fetched(step, item)

    def _give_up(self, item: _Decision) -> None:
        """Nobody waits any longer for a node that has said nothing since: it was taken away, or has another name."""
        if item.is_inside and item.state is not None:
            self.lists[item.list_id].waiting += 1
        for node in item.waiting:
            if self._nodes.get(node, item.at) < item.at:
                del self._nodes[node]

    def _enforced(self, node: str, served: int | None, at: int) -> None:
        self._nodes[node] = at
        if served is None:
            return
        for item in self._open:
            if item.state is not None and item.state <= served and (node in item.waiting or not item.waiting):
                item.waiting.discard(node)
                self._count(item, at)
        self._open = deque(item for item in self._open if not _is_done(item, served))

    def _count(self, item: _Decision, at: int) -> None:
        if not item.is_inside:
            return
        found = self.lists[item.list_id]
        if item.blocks:
            found.enforced.append(at - item.at)
        if item.unblocks:
            found.unblocked.append(at - item.at)
        if item.fetched is not None:
            found.since_fetch.append(max(0, at - item.fetched))


def _decision(step: Step) -> _Decision:
    leaf = step.leaf
    blocks, unblocks = _EFFECTS[leaf.type]
    change = leaf.facts.get("chg", leaf.facts.get("ovr"))
    if isinstance(change, dict) and {"add", "del"} <= change.keys():
        blocks, unblocks = bool(change["add"]), bool(change["del"])
    return _Decision(str(leaf.facts["list"]), leaf.t, step.is_inside, leaf.type in _FETCHED, blocks, unblocks)


def _fetched(step: Step, item: _Decision) -> int | None:
    """When the version was fetched that the decision has brought."""
    listed = step.manifest.lists.get(item.list_id) if step.manifest is not None else None
    return listed.upd if listed is not None and item.blocks and item.has_version else None


def _is_done(item: _Decision, served: int) -> bool:
    return item.state is not None and item.state <= served and not item.waiting


def _sum(parts: Iterable[Latencies]) -> Latencies:
    found = Latencies()
    for part in parts:
        found.enforced += part.enforced
        found.unblocked += part.unblocked
        found.since_fetch += part.since_fetch
        found.waiting += part.waiting
    return found
