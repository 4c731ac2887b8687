"""Was it blocked? Answered from a verified log and the texts of lists alone: no appliance, no database, no trust. Pure.

What is proven: which state the operator was committed to at a time, and whether its lists named something. What is not: that
every resolver obeyed (``enforce`` leaves tell which said so), and what a subscriber had chosen, which is in no log. Whatever
cannot be shown from what is given is "cannot tell", never a no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from blocklists.canonical import CanonicalUrl
from blocklists.model import Action
from blocklists.text_lookup import SortedText, of_name, of_page, parsed_edits
from resolver.tlog.canonical import Json
from resolver.tlog.commitments import commit
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import MERGE_DELAY
from resolver.tlog.manifests import Edits, ListState, Manifest

_NO_BLOCK = frozenset({Action.ALLOW, Action.TCP_ONLY, Action.COUNT})


class Outcome(StrEnum):
    """The answer, of one list or of all."""

    LISTED = "listed"
    """Named by a list that was enforced."""
    FREE = "not listed"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What somebody has of a list: its canonical text, and that of its edits; what opens them if it is not public."""

    text: bytes | None = field(default=None, repr=False)
    opening: bytes = field(default=b"", repr=False)
    edits: bytes | None = field(default=None, repr=False)
    edits_opening: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """A canonical name or page, at a time (POSIX seconds), for whoever has a profile; None: for everybody."""

    name: str
    page: CanonicalUrl | None
    at: int
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """What one list said."""

    list: str
    outcome: Outcome
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer. ``lists`` are those that were asked, in the order of the manifest."""

    outcome: Outcome
    why: str
    lists: tuple[ListAnswer, ...] = ()


class QuestionError(ValueError):
    """There is nothing that could be asked so: the message says why, and what there is."""


class Situation:
    """Which state was decided at a time: hears every leaf of the log in order."""

    def __init__(self, at: int) -> None:
        """``at`` is POSIX seconds."""
        self.at = at
        self.origin = ""
        """The log that was written then: the indices are in it, but for the next one behind its last."""
        self.leaf: tuple[int, int] | None = None
        """Index and time of the last leaf up to then."""
        self.next: tuple[int, int] | None = None
        """The same of the one that follows."""
        self.state = ZERO_HASH
        self._served: dict[str, tuple[str, int]] = {}

    def hear(self, leaf: Mapping[str, Json]) -> None:
        """The next leaf, as its JSON."""
        place = int(str(leaf["seq"])), int(str(leaf["t"]))
        if place[1] > self.at:
            self.next = self.next or place
            return
        self.leaf, self.state = place, str(leaf["state"])
        if leaf["type"] == LeafType.LOG_INIT:
            self.origin = str(leaf.get("origin", ""))
        if leaf["type"] == LeafType.ENFORCE:
            self._served[str(leaf["node"])] = str(leaf["served"]), place[1]

    @property
    def served(self) -> Mapping[str, int]:
        """The nodes that had said by then that they serve this state, and when."""
        found = {node: t for node, (state, t) in self._served.items() if state == self.state}
        return MappingProxyType(found)

    @property
    def doubt(self) -> str:
        """Why the log does not tell which state it was; empty if it does."""
        if self.leaf is None:
            return "the log begins later" if self.next else "the log is empty"
        if self.state == ZERO_HASH:
            return "no state had been logged yet"
        if self.next is None and self.at - self.leaf[1] > MERGE_DELAY:
            return "this copy of the log ends more than a day before; get a newer one"
        return ""


def answer(
    question: Question, manifest: Manifest, given: Mapping[str, Evidence], protected: bytes | None = None
) -> Answer:
    """Whether the state of this manifest blocked what is asked about.

    ``given`` is what is at hand of lists, ``protected`` the text of the names that no list reaches. QuestionError for a
    profile that the manifest has not. ``TextFormatError`` for edits that are none.
    """
    names = _asked(question.profile, manifest)
    said = tuple(_ask(name, manifest.lists[name], question, given.get(name, Evidence())) for name in names)
    kinds = {name: manifest.lists[name].kind for name in names}
    outcome, why = _combined(said, kinds)
    if outcome is Outcome.LISTED:
        outcome, why = _reached(question.name, manifest, protected, why)
    return Answer(outcome, why, tuple(one.told for one in said))


@dataclass(frozen=True, slots=True)
class _Said:
    told: ListAnswer
    passes: bool = False
    """A zone lets it pass, which ends what zones of its kind say after it."""
    is_plain: bool = False
    """It blocks as plain lists do, which no zone ends."""


def _asked(profile: str | None, manifest: Manifest) -> tuple[str, ...]:
    if profile is not None:
        if profile not in manifest.profiles:
            known = ", ".join(sorted(manifest.profiles)) or "none"
            raise QuestionError(f"the state of that time has no profile {profile!r}; it has: {known}")
        return manifest.profiles[profile]
    shared = [set(lists) for lists in manifest.profiles.values()]
    everybody = set.intersection(*shared) if shared else set(manifest.lists)
    return tuple(name for name in manifest.lists if name in everybody)


def _ask(name: str, state: ListState, question: Question, given: Evidence) -> _Said:
    """What one list says."""

    def told(outcome: Outcome, why: str, **more: bool) -> _Said:
        return _Said(ListAnswer(name, outcome, why), **more)

    if state.enf == "nothing":
        return told(Outcome.FREE, "nothing of it was enforced then")
    if doubt := _doubt(state, given):
        return told(Outcome.UNKNOWN, doubt)
    text, edits = SortedText(given.text or b""), parsed_edits(given.edits or b"")
    actions = of_name(text, question.name, edits)
    if actions - _NO_BLOCK:
        asked = ", ".join(sorted(actions - _NO_BLOCK))
        return told(
            Outcome.LISTED, f"the list asks for {asked} at {question.name}", is_plain=Action.BLOCK in actions
        )
    if question.page is not None and of_page(text, question.page):
        if state.enf == "names":
            return told(Outcome.FREE, "its web addresses were too old to be enforced then")
        return told(Outcome.LISTED, "the list names this page", is_plain=True)
    if Action.ALLOW in actions:
        protects = state.kind == "protected"
        return told(Outcome.LISTED if protects else Outcome.FREE, "the list lets it pass", passes=True)
    return told(Outcome.FREE, "no line of the list names it")


def _doubt(state: ListState, given: Evidence) -> str:
    """Why the list's state cannot be asked with what is given; empty if it can."""
    if not (state.raw or state.commit):
        return "the log has no digest of its text, or it had none yet"
    if given.text is None:
        return (
            "its text is needed (--text), and what opens the commitment"
            if state.commit
            else "its text is needed"
        )
    if not _fits(given.text, given.opening, state.raw, state.commit):
        return "the given text, or what opens it, is not that of this state"
    return "" if state.edits is None else _doubt_of_edits(state.edits, given)


def _doubt_of_edits(edits: Edits, given: Evidence) -> str:
    if given.edits is None:
        return "people had changed single entries of it: the text of these edits is needed (--edits)"
    if not _fits(given.edits, given.edits_opening, edits.raw, edits.commit):
        return "the given edits, or what opens them, are not those of this state"
    return ""


def _fits(text: bytes, opening: bytes, raw: str, commitment: str) -> bool:
    if raw:
        return hashlib.sha256(text).hexdigest() == raw
    try:
        return commit(opening, text).hex() == commitment
    except ValueError:
        return False


def _combined(said: Iterable[_Said], kinds: Mapping[str, str]) -> tuple[Outcome, str]:
    """All lists together: illegal ones first, then those that protect, then the others."""
    by_kind: dict[str, list[_Said]] = {}
    for one in said:
        kind = kinds[one.told.list]
        by_kind.setdefault(kind if kind in ("illegal", "protected") else "other", []).append(one)
    illegal, protecting, other = (by_kind.get(kind, []) for kind in ("illegal", "protected", "other"))
    outcome, why = _of(illegal)
    if outcome is Outcome.LISTED:
        return outcome, why
    others, reason = _shielded(_lifted(other, kinds), _of(protecting))
    return (others, reason) if others is Outcome.LISTED or outcome is Outcome.FREE else (outcome, why)


def _shielded(others: tuple[Outcome, str], shield: tuple[Outcome, str]) -> tuple[Outcome, str]:
    """What lists of categories and threats say, unless a list of protected names has a say."""
    if others[0] is Outcome.FREE:
        return Outcome.FREE, "no list in force names it"
    if shield[0] is Outcome.LISTED:
        return Outcome.FREE, f"a list protects it: {shield[1]}"
    return others if shield[0] is Outcome.FREE else shield


def _of(said: Iterable[_Said]) -> tuple[Outcome, str]:
    """Listed if one of them lists it, else unknown if one of them is, else free."""
    found = {one.told.outcome: f"{one.told.list}: {one.told.why}" for one in reversed(list(said))}
    for outcome in (Outcome.LISTED, Outcome.UNKNOWN):
        if outcome in found:
            return outcome, found[outcome]
    return Outcome.FREE, ""


def _lifted(said: list[_Said], kinds: Mapping[str, str]) -> tuple[Outcome, str]:
    """The same where a zone that lets pass may end what other zones of its kind say. In which order they stood is in no log."""
    outcome, why = _of(said)
    listed = [one for one in said if one.told.outcome is Outcome.LISTED]
    if outcome is not Outcome.LISTED or any(one.is_plain for one in listed):
        return outcome, why
    for other in said:
        is_open = other.passes or other.told.outcome is Outcome.UNKNOWN
        if is_open and any(kinds[one.told.list] == kinds[other.told.list] for one in listed):
            return Outcome.UNKNOWN, f"{why}; list {other.told.list} of the same kind may have let it pass"
    return outcome, why


def _reached(name: str, manifest: Manifest, protected: bytes | None, why: str) -> tuple[Outcome, str]:
    """Whether it is none of the names that no list reaches."""
    if not manifest.protected:
        return Outcome.LISTED, why
    if protected is None:
        return Outcome.UNKNOWN, f"{why}; the text of the protected names is needed (--protected)"
    if hashlib.sha256(protected).hexdigest() != manifest.protected:
        return Outcome.UNKNOWN, f"{why}; the given protected names are not those of this state"
    if Action.BLOCK in of_name(SortedText(protected), name):
        return Outcome.FREE, "it is a protected name, which no list reaches"
    return Outcome.LISTED, why
