"""What an operator reads about a version that does not serve: which gates hold it, in numbers and names, and what to do.

Of a secret list neither sizes nor names are told: the gates, and how many guarded names they found. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from blocklists.coverage import NOTHING_COVERED, newly_covered
from blocklists.gates import Gate, GateFailure, notices
from blocklists.gates.failures import MOST_EXAMPLES
from blocklists.guard import Guard
from blocklists.model import Confidentiality, ListCounts, ListSource
from blocklists.snapshot.readings import Readings
from blocklists.suffixes import public_suffixes

TITLES = {
    Gate.MARKUP: "A web page, not a list",
    Gate.ENCODING: "Not UTF-8 text",
    Gate.BINARY: "Not text",
    Gate.ERRORS: "Too many lines that are no rules",
    Gate.EMPTY: "Nothing in it",
    Gate.SHRINK: "Far smaller than before",
    Gate.GROWTH: "Far larger than before",
    Gate.SUFFIXES: "Whole top-level domains or public suffixes",
    Gate.PROTECTED: "Protected names",
    Gate.POPULAR: "Popular names",
}
"""Every gate in a few words."""

_ON_NAMES = (Gate.SUFFIXES, Gate.PROTECTED, Gate.POPULAR)
"""Gates whose words tell how many guarded names there are, never how large the list is."""


SECRET_FLOOR = 10
"""Of a secret list numbers of names are told in steps of so many."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """One gate that a version does not pass. ``examples`` are at most 20 names, of public lists only."""

    gate: Gate
    title: str
    message: str
    remedy: str
    two_persons: bool
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionReport:
    """A version that does not serve, held against the one that does.

    ``origin`` is where its text came from: ``held``, ``fetched`` or ``file``. Numbers of entries are None for a secret
    list; ``entries_before`` is None if nothing serves.
    """

    list_id: str
    origin: str
    digest: str
    fetched: float
    entries: int | None
    entries_before: int | None
    gates: tuple[GateReport, ...]
    preview: str
    """How many of the names that people want it would newly block, as a sentence."""
    newly_blocked: int
    of: int
    examples: tuple[str, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Which version a report is about. ``fetched`` is Unix seconds."""

    word: str
    digest: str
    fetched: float


def version_report(
    source: ListSource,
    origin: Origin,
    counts: ListCounts,
    previous: ListCounts | None,
    failures: tuple[GateFailure, ...],
) -> VersionReport:
    """The report about a version with these counts; ``previous`` counts the one that serves."""
    is_secret = source.confidentiality is Confidentiality.SECRET
    new = newly_covered(counts.coverage, previous.coverage if previous else NOTHING_COVERED)
    blocked, asked = (new.today, new.today_asked) if new.today_asked else (len(new.popular), new.asked)
    if is_secret:  # a single name more would tell whoever can make a name popular that the list has it
        blocked -= blocked % SECRET_FLOOR
    shown = new.popular[:MOST_EXAMPLES] if source.confidentiality is Confidentiality.PUBLIC else ()
    return VersionReport(
        list_id=source.id,
        origin=origin.word,
        digest=origin.digest,
        fetched=origin.fetched,
        entries=None if is_secret else counts.entries,
        entries_before=None if is_secret or previous is None else previous.entries,
        gates=tuple(_gate_report(failure, is_secret=is_secret) for failure in failures),
        preview=_preview(blocked, asked, is_today=bool(new.today_asked), is_secret=is_secret),
        newly_blocked=blocked,
        of=asked,
        examples=shown,
        notices=notices(source, counts, previous),
    )


def examined(source: ListSource, data: bytes, guard: Guard) -> ListCounts:
    """What one version comes to, held against guarded names; nothing of it is kept. Takes seconds for millions of lines."""
    readings = Readings(public_suffixes())
    readings.hold_against(guard)
    return readings.count(source, data)


def _gate_report(failure: GateFailure, *, is_secret: bool) -> GateReport:
    is_open = not is_secret or failure.gate in _ON_NAMES
    return GateReport(
        gate=failure.gate,
        title=TITLES[failure.gate],
        message=failure.message
        if is_open
        else f"{TITLES[failure.gate]}. Of a secret list no numbers are told.",
        remedy=failure.remedy,
        two_persons=failure.two_persons,
        examples=() if is_secret else failure.examples,
    )


def _preview(blocked: int, asked: int, *, is_today: bool, is_secret: bool) -> str:
    number = f"{blocked:,}"
    if is_secret:
        number = f"at least {blocked:,}" if blocked else f"fewer than {SECRET_FLOOR}"
    if is_today:
        return f"It would newly block {number} of today's top {asked:,} names."
    return (
        f"It would newly block {number} of {asked:,} popular names (what is asked for here is not sampled)."
    )
