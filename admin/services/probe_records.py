"""What the self-test found, written down and read again: raw for a week, by hour for two years. No one asks here.

Events of a list's state are recorded with the probes that show it, in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from admin.audit.events import Detail, Event, EventKind
from admin.services.actors import Actor, Permission, require
from admin.services.acts import MOST_PER_PAGE
from admin.services.announced import MARK
from admin.services.events import known_changes
from admin.services.probes import FAILING, Outcome, Probe, State
from admin.store.database import Transaction
from admin.store.probes import EnforcementRow, ProbeHourRow, ProbeRow
from admin.store.tables import EventRow

RAW_SECONDS = 7 * 86_400.0
HOURS_KEPT = 2 * 366 * 24
HOUR = 3_600
_LONGEST = 200
"""Characters of a probe's words, as in the table."""


@dataclass(frozen=True, slots=True)
class Change:
    """A list's state is another than before, or somebody asked for it by hand."""

    list_id: str
    state: State
    words: str
    at: float
    actor: Actor


@dataclass(frozen=True, slots=True)
class Daily:
    """What a list's canary was found to do over each transport, on a day (``2026-11-22``, UTC)."""

    list_id: str
    day: str
    state: State
    transports: Mapping[str, str]
    """By transport, the outcome that tells most: a failure before anything else."""
    at: float


@dataclass(frozen=True, slots=True)
class Enforcement:
    """A version came into force at ``at``. ``published`` is what its source says, if it does."""

    list_id: str
    fetched: float
    at: float
    published: float | None
    entries: int
    shrank: bool


async def keep_probes(transaction: Transaction, probes: Sequence[Probe], changes: Iterable[Change]) -> None:
    """Write a round down, with the events of what changed."""
    transaction.session.add_all(
        ProbeRow(
            at=probe.at,
            list=probe.list_id,
            transport=probe.transport,
            target=probe.target,
            outcome=probe.outcome.value,
            words=probe.words[:_LONGEST],
            seconds=probe.seconds,
        )
        for probe in probes
    )
    await _add_to_hours(transaction, probes)
    for change in changes:
        detail = {"state": change.state.value, "finding": change.words[:_LONGEST]}
        transaction.record(
            Event(EventKind.LIST_SELFTEST, change.list_id, detail=detail), change.actor, change.at
        )


async def keep_daily(transaction: Transaction, found: Iterable[Daily], actor: Actor) -> None:
    """Write the event of each list's day; one day has one, whoever tells it again."""
    for item in found:
        mark = f"canary {item.day}"
        if mark in await known_changes(transaction, item.list_id):
            continue
        detail: dict[str, Detail] = {MARK: mark, "day": item.day, "state": item.state.value}
        detail |= {f"over_{transport}": outcome for transport, outcome in item.transports.items()}
        transaction.record(Event(EventKind.CANARY_RESULT, item.list_id, detail=detail), actor, item.at)


async def forget_old(transaction: Transaction, now: float) -> None:
    """Take away what is older than it is kept. The caller knows that ``now`` can be trusted."""
    await transaction.session.execute(delete(ProbeRow).where(ProbeRow.at < now - RAW_SECONDS))
    oldest = int(now // HOUR) - HOURS_KEPT
    await transaction.session.execute(delete(ProbeHourRow).where(ProbeHourRow.hour < oldest))
    await transaction.session.execute(delete(EnforcementRow).where(EnforcementRow.at < oldest * HOUR))


async def keep_enforcements(transaction: Transaction, found: Iterable[Enforcement]) -> None:
    """Write down when versions came into force; a version that did so before keeps its first time."""
    for item in found:
        if await transaction.session.get(EnforcementRow, (item.list_id, item.fetched)) is None:
            transaction.session.add(
                EnforcementRow(
                    list=item.list_id,
                    fetched=item.fetched,
                    at=item.at,
                    published=item.published,
                    entries=item.entries,
                    shrank=item.shrank,
                )
            )


async def last_states(transaction: Transaction) -> dict[str, State]:
    """The state of each list that the newest event about its self-test tells."""
    newest = (
        select(func.max(EventRow.sequence))
        .where(EventRow.kind == EventKind.LIST_SELFTEST.value)
        .group_by(EventRow.subject)
    )
    rows = await transaction.session.execute(
        select(EventRow.subject, EventRow.detail).where(EventRow.sequence.in_(newest))
    )
    known: Collection[str] = [state.value for state in State]
    return {subject: State(detail["state"]) for subject, detail in rows if detail.get("state") in known}


async def history(
    transaction: Transaction, actor: Actor, list_id: str, before: int | None = None, limit: int = 100
) -> tuple[tuple[int, Probe], ...]:
    """The newest single probes of a list with their numbers, newest first, older than the number ``before``."""
    require(actor, Permission.LISTS_READ)
    query = select(ProbeRow).where(ProbeRow.list == list_id).order_by(ProbeRow.number.desc())
    if before is not None:
        query = query.where(ProbeRow.number < before)
    rows = await transaction.session.scalars(query.limit(max(1, min(limit, MOST_PER_PAGE))))
    return tuple((row.number, _probe(row)) for row in rows)


def _probe(row: ProbeRow) -> Probe:
    return Probe(row.list, row.transport, row.target, Outcome(row.outcome), row.words, row.at, row.seconds)


async def _add_to_hours(transaction: Transaction, probes: Sequence[Probe]) -> None:
    sums: Counter[tuple[int, str, str, str]] = Counter()
    for probe in probes:
        column = (
            "good" if probe.outcome is Outcome.GOOD else "failed" if probe.outcome in FAILING else "untold"
        )
        sums[int(probe.at // HOUR), probe.list_id, probe.transport, column] += 1
    for (hour, list_id, transport, column), number in sums.items():
        key = {"hour": hour, "list": list_id, "transport": transport}
        row = await transaction.session.get(ProbeHourRow, key)
        if row is None:
            row = ProbeHourRow(**key, good=0, failed=0, untold=0)
            transaction.session.add(row)
        setattr(row, column, getattr(row, column) + number)
