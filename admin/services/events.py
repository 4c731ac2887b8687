"""Audit events as they are read. They are written by the changes that they tell of (``Transaction.record``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from sqlalchemy import exists, func, or_, select

from admin.audit.events import Detail, Event, EventKind
from admin.services.actors import Actor, Permission, require
from admin.services.acts import MOST_PER_PAGE
from admin.store.database import Transaction
from admin.store.log_tables import LogLeafRow, LogRow
from admin.store.tables import EventRow
from resolver.tlog import tree


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event that is written down. ``kind`` is text: a later Weir may have written kinds that this one does not know."""

    sequence: int
    at: float
    kind: str
    actor_kind: str
    actor_id: str
    holder: str
    subject: str
    before: str
    after: str
    reason: str
    detail: Mapping[str, Detail]
    origin: str = ""
    """The public log that has a leaf of it; empty: none has, yet or ever."""
    index: int | None = None
    """The leaf's index there."""
    leaf_hash: str = ""
    """The leaf's hash in the tree, hexadecimal."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are wanted; an empty text is no condition. ``kind`` may be the word before the dot (``list``)."""

    kind: str = ""
    subject: str = ""
    actor: str = ""
    """The id of who acted, or the person or system behind it."""
    since: float | None = None
    """Unix seconds; events at this moment are among them."""
    until: float | None = None
    """Unix seconds; events at this moment are not."""
    public: bool | None = None
    """Whether the public log has a leaf of it; None: either."""


ANY = Filter()
_SAMPLE = frozenset({EventKind.DEBUG_ON, EventKind.DEBUG_OFF})


async def list_events(
    transaction: Transaction, actor: Actor, after: int = 0, limit: int = 100, only: Filter = ANY
) -> tuple[Recorded, ...]:
    """At most ``limit`` events behind the sequence ``after``, oldest first. The next page begins behind the last."""
    require(actor, Permission.AUDIT_READ)
    query = select(EventRow).where(EventRow.sequence > after).order_by(EventRow.sequence)
    if only.subject:
        query = query.where(EventRow.subject == only.subject)
    if only.actor:
        query = query.where(or_(EventRow.actor_id == only.actor, EventRow.holder == only.actor))
    if only.since is not None:
        query = query.where(EventRow.at >= only.since)
    if only.until is not None:
        query = query.where(EventRow.at < only.until)
    if only.kind:
        exact = "." in only.kind
        query = query.where(
            EventRow.kind == only.kind
            if exact
            else EventRow.kind.startswith(f"{only.kind}.", autoescape=True)
        )
    if only.public is not None:
        has_leaf = exists().where(LogLeafRow.event == EventRow.sequence)
        query = query.where(has_leaf if only.public else ~has_leaf)
    rows = list(await transaction.session.scalars(query.limit(max(1, min(limit, MOST_PER_PAGE)))))
    leaves = await _leaves(transaction, [row.sequence for row in rows])
    return tuple(_recorded(row, leaves.get(row.sequence)) for row in rows)


async def last_looked_at(transaction: Transaction) -> int | None:
    """The newest event that every box's log has looked at: those behind it wait. None where there is no log."""
    newest = select(LogRow.series, func.max(LogRow.number).label("number")).group_by(LogRow.series).subquery()
    found: int | None = await transaction.session.scalar(
        select(func.min(LogRow.events)).join(
            newest, (LogRow.series == newest.c.series) & (LogRow.number == newest.c.number)
        )
    )
    return found


async def _leaves(transaction: Transaction, sequences: Sequence[int]) -> dict[int, LogLeafRow]:
    """The leaf of each of these events. Of several, where boxes share a database, that of the log that sorts last."""
    found = await transaction.session.scalars(
        select(LogLeafRow).where(LogLeafRow.event.in_(sequences)).order_by(LogLeafRow.origin)
    )
    return {leaf.event: leaf for leaf in found if leaf.event is not None}


TOLD_ONCE: Mapping[EventKind, frozenset[EventKind]] = MappingProxyType(
    {
        EventKind.CONFIG_LOADED: frozenset({EventKind.CONFIG_LOADED}),
        EventKind.SOFTWARE_STARTED: frozenset({EventKind.SOFTWARE_STARTED}),
        EventKind.DEBUG_ON: _SAMPLE,
        EventKind.DEBUG_OFF: _SAMPLE,
    }
)
"""Events of how something is, which every start tells; with the kinds that tell the same of it. Only what differs from the
newest of them is news."""


async def news(transaction: Transaction, event: Event) -> Event | None:
    """The event as it is to be recorded: with what was before, if every start tells it; None if that is how it was."""
    if (kinds := TOLD_ONCE.get(event.kind)) is None:
        return event
    last = await transaction.session.scalar(
        select(EventRow)
        .where(EventRow.subject == event.subject, EventRow.kind.in_(kind.value for kind in kinds))
        .order_by(EventRow.sequence.desc())
        .limit(1)
    )
    if last is None:
        return None if event.kind is EventKind.DEBUG_OFF else event
    if (last.kind, last.after) == (event.kind.value, event.after):
        return None
    return replace(event, before=last.after)


async def known_changes(transaction: Transaction, subject: str) -> set[object]:
    """The marks (``change`` in the detail) of the newest events about a subject."""
    details = await transaction.session.scalars(
        select(EventRow.detail)
        .where(EventRow.subject == subject)
        .order_by(EventRow.sequence.desc())
        .limit(MOST_PER_PAGE)
    )
    return {detail.get("change") for detail in details}


def _recorded(row: EventRow, leaf: LogLeafRow | None) -> Recorded:
    return Recorded(
        sequence=row.sequence,
        at=row.at,
        kind=row.kind,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        holder=row.holder,
        subject=row.subject,
        before=row.before,
        after=row.after,
        reason=row.reason,
        detail=row.detail,
        origin="" if leaf is None else leaf.origin,
        index=None if leaf is None else leaf.seq,
        leaf_hash="" if leaf is None else tree.leaf_hash(leaf.leaf).hex(),
    )
