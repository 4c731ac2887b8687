"""Each list: what it is, when it was in force, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from admin.audit.report.model import Document, Step, add
from admin.audit.report.period import Period
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.manifests import ListState, Manifest

ABSENT = "absent"
"""What is enforced of a list that is not in the state."""

_COUNTED: dict[str, str] = {
    LeafType.LIST_SYNC: "versions",
    LeafType.LIST_FAIL: "failures",
    LeafType.LIST_HOLD: "held",
    LeafType.LIST_APPROVE: "approvals",
    LeafType.LIST_RELEASE: "released",
    LeafType.LIST_ROLLBACK: "rollbacks",
    LeafType.LIST_SUSPEND: "suspensions",
    LeafType.LIST_RESUME: "resumptions",
    LeafType.LIST_EDIT: "edits",
    LeafType.LIST_CHANGE: "changes_of_properties",
}
_CHANGING = {LeafType.LIST_SYNC, LeafType.LIST_RELEASE, LeafType.LIST_ROLLBACK}
_READS = ("open", "ask", "challenge")


@dataclass(slots=True)
class _Found:
    """What is known of one list."""

    state: ListState | None = None
    """As the last manifest has it; also after the list is gone."""
    source: dict[str, Any] = field(default_factory=dict)
    spans: list[list[Any]] = field(default_factory=list)
    """[since, what is enforced], one for each change."""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTED.values(), 0))
    added: int | None = 0
    removed: int | None = 0
    entries: list[int | None] = field(default_factory=list)
    overrides: dict[str, int | None] = field(
        default_factory=lambda: {"added": 0, "removed": 0, "taken_back": 0}
    )
    reads: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_READS, 0))
    stale: list[Document] = field(default_factory=list)
    erased: list[Document] = field(default_factory=list)
    is_told: bool = False
    """Whether a leaf of the period is about it."""


class ListsPart:
    """Follows lists through states and leaves."""

    def __init__(self, period: Period) -> None:
        """``period`` cuts the spans."""
        self._period = period
        self._lists: dict[str, _Found] = {}

    def begin(self, manifest: Manifest) -> None:
        """The period begins with this state."""
        self._follow(manifest, self._period.begin)

    def take(self, step: Step) -> None:
        """A state, a leaf about a list, or neither."""
        if step.is_new_state and step.manifest is not None:
            self._follow(step.manifest, step.leaf.t)
        list_id = step.leaf.facts.get("list")
        if step.is_inside and isinstance(list_id, str):
            self._count(self._lists.setdefault(list_id, _Found()), step)

    def told(self, until: int) -> dict[str, Document]:
        """By list id, up to the time ``until``: those of which the period knows anything."""
        return {
            list_id: _document(found, until)
            for list_id, found in sorted(self._lists.items())
            if found.is_told or any(what != ABSENT for _, what in found.spans)
        }

    def _follow(self, manifest: Manifest, at: int) -> None:
        for list_id in self._lists.keys() | manifest.lists.keys():
            found = self._lists.setdefault(list_id, _Found())
            state = manifest.lists.get(list_id)
            enforced = state.enf if state is not None else ABSENT
            if state is not None:
                found.state = state
                found.entries = [*found.entries[:1], state.n]
            if not found.spans or found.spans[-1][1] != enforced:
                if found.spans and found.spans[-1][0] == at:
                    found.spans.pop()
                found.spans.append([at, enforced])

    def _count(self, found: _Found, step: Step) -> None:
        leaf, facts = step.leaf, step.leaf.facts
        found.is_told = True
        if isinstance(source := facts.get("src"), dict):
            found.source |= source
        if leaf.type in _COUNTED:
            found.counts[_COUNTED[leaf.type]] += 1
        if leaf.type in _CHANGING:
            change = facts.get("chg")
            change = change if isinstance(change, dict) else {}
            found.added = add(found.added, change.get("add"))
            found.removed = add(found.removed, change.get("del"))
        if leaf.type == LeafType.LIST_EDIT:
            _count_overrides(found, facts.get("ovr"))
        if leaf.type == LeafType.LIST_READ and (how := str(facts["how"])) in found.reads:
            found.reads[how] += 1
        if leaf.type == LeafType.LIST_STALE:
            found.stale.append({"at": leaf.t, "level": facts.get("level"), "enforced": facts.get("enf")})
        if leaf.type == LeafType.LIST_ERASE:
            found.erased.append({"at": leaf.t, "stage": facts["stage"]})


def _document(found: _Found, until: int) -> Document:
    state, source = found.state, found.source
    spans = _spans(found, until)
    return {
        "title": state.title if state is not None else "",
        "authority": (state.auth if state is not None else "") or source.get("auth", ""),
        "legal_basis": (state.basis if state is not None else "") or source.get("basis", ""),
        "kind": state.kind if state is not None else "",
        "confidentiality": state.conf if state is not None else "",
        "entries": {
            "first": found.entries[0] if found.entries else None,
            "last": found.entries[-1] if found.entries else None,
        },
        "in_force": spans,
        "seconds": _seconds(spans),
        "added": found.added,
        "removed": found.removed,
        "overrides": found.overrides,
        "disclosures": found.reads,
        "ages": found.stale,
        "erasure": found.erased,
        **found.counts,
    }


def _count_overrides(found: _Found, change: object) -> None:
    change = change if isinstance(change, dict) else {}
    for name, key in (("added", "add"), ("removed", "del"), ("taken_back", "back")):
        found.overrides[name] = add(found.overrides[name], change.get(key))


def _spans(found: _Found, end: int) -> list[Document]:
    ends = [since for since, _ in found.spans[1:]] + [end]
    return [
        {"from": since, "until": until, "enforced": what}
        for (since, what), until in zip(found.spans, ends, strict=True)
        if what != ABSENT
    ]


def _seconds(spans: list[Document]) -> dict[str, int]:
    found = {"all": 0, "names": 0, "nothing": 0}
    for span in spans:
        found[span["enforced"]] += span["until"] - span["from"]
    return found
