"""What is taken out of events when their private parts are erased, in the tables of a database. No one asks here.

What stands in a public log stays: the leaf, its index, the event's kind, time and sequence, the id of a list or profile.
Gone are who, why, digests of what anybody could guess, and the openings: nobody can then tie a leaf to a person, and the
log verifies as before. Each function is a few statements, however many events there are.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, or_, select, update

from admin.audit.events import EventKind
from admin.audit.facts import SECOND_HOLDER
from admin.services.actors import ActorKind
from admin.store.database import Transaction
from admin.store.log_tables import LogLeafRow
from admin.store.tables import EventRow, TokenRow

PERSONS = (ActorKind.TOKEN.value, ActorKind.LOCAL.value)
"""Through what people act; what Weir does by itself tells of nobody."""
HOLDER = "holder"
"""Key of an event's detail: for whom a token is."""
_SUBSCRIBERS = (EventKind.SUBSCRIBER_CHANGED.value, EventKind.SUBSCRIBER_DELETED.value)
_TELLING = (*_SUBSCRIBERS, EventKind.AUDIT_ERASING.value)
"""Kinds whose subject and digests tell of somebody."""
_PLAIN = {"synchronize_session": False}
"""No row is in the session's hands when a statement changes it."""


@dataclass(frozen=True, slots=True)
class Blanked:
    """How many events were blanked, and how many openings of leaves destroyed."""

    events: int = 0
    parts: int = 0

    def __add__(self, other: Blanked) -> Blanked:
        """Both together."""
        return Blanked(self.events + other.events, self.parts + other.parts)


def by_holder(holder: str) -> ColumnElement[bool]:
    """Events in which a person acted."""
    return EventRow.holder == holder


def naming(holder: str) -> ColumnElement[bool]:
    """Events in which somebody else acted, and that name the person: for whom a token was, the other of two persons."""
    detail = EventRow.detail
    named = or_(detail[HOLDER].as_string() == holder, detail[SECOND_HOLDER].as_string() == holder)
    return named & (EventRow.holder != holder)


def of_subscriber(subscriber: str) -> ColumnElement[bool]:
    """Events about a subscriber."""
    return EventRow.kind.in_(_SUBSCRIBERS) & (EventRow.subject == subscriber)


def numbered(sequence: int) -> ColumnElement[bool]:
    """One event that tells of somebody, unless nothing private is left of it."""
    people = EventRow.actor_kind.in_(PERSONS) | EventRow.kind.in_(_SUBSCRIBERS)
    return (EventRow.sequence == sequence) & people & (EventRow.actor_id != "")


def older_than(at: float) -> ColumnElement[bool]:
    """Events before a moment (Unix seconds) that still tell of somebody."""
    people = EventRow.actor_kind.in_(PERSONS) & (EventRow.actor_id != "")
    return (EventRow.at < at) & or_(people, EventRow.kind.in_(_SUBSCRIBERS) & (EventRow.subject != ""))


def consents(digest: str) -> ColumnElement[bool]:
    """The wishes to erase what has this digest."""
    return (EventRow.kind == EventKind.AUDIT_ERASING.value) & (EventRow.after == digest)


async def newest(transaction: Transaction, wanted: ColumnElement[bool]) -> int | None:
    """The sequence of the newest event that matches."""
    found: int | None = await transaction.session.scalar(select(func.max(EventRow.sequence)).where(wanted))
    return found


async def blank(transaction: Transaction, wanted: ColumnElement[bool]) -> Blanked:
    """Take everything private out of the events that match."""
    done = await _close(transaction, wanted)
    telling = EventRow.kind.in_(_TELLING)
    kept = {
        name: case((telling, ""), else_=getattr(EventRow, name)) for name in ("subject", "before", "after")
    }
    emptied = dict.fromkeys(("holder", "actor_id", "reason"), "")
    await transaction.session.execute(
        update(EventRow).where(wanted).values(**emptied, **kept, detail={}).execution_options(**_PLAIN)
    )
    return done


async def blank_details(transaction: Transaction, wanted: ColumnElement[bool]) -> Blanked:
    """Take the details out of the events that match; who acted, and why, stays in the database."""
    done = await _close(transaction, wanted)
    await transaction.session.execute(
        update(EventRow).where(wanted).values(detail={}).execution_options(**_PLAIN)
    )
    return done


async def forget_tokens(transaction: Transaction, holder: str) -> None:
    """Take a person's name off tokens that are good for nothing any more."""
    await transaction.session.execute(update(TokenRow).where(TokenRow.holder == holder).values(holder=""))


async def forget_consents(transaction: Transaction, digest: str, lapsed: float) -> None:
    """Take out of wishes what they were about, once that is done, or the wish is from before ``lapsed`` (Unix seconds)."""
    over = (EventRow.kind == EventKind.AUDIT_ERASING.value) & (EventRow.at < lapsed)
    await transaction.session.execute(
        update(EventRow).where(or_(consents(digest), over)).values(after="").execution_options(**_PLAIN)
    )


async def has_live_token(transaction: Transaction, holder: str, at: float) -> bool:
    """Whether a token of this person opens something."""
    live = TokenRow.revoked.is_(None) & or_(TokenRow.expires.is_(None), TokenRow.expires > at)
    found = await transaction.session.scalar(
        select(TokenRow.id).where((TokenRow.holder == holder) & live).limit(1)
    )
    return found is not None


async def _close(transaction: Transaction, wanted: ColumnElement[bool]) -> Blanked:
    """Destroy the openings, and what they open, of the events that match."""
    session = transaction.session
    sequences = select(EventRow.sequence).where(wanted)
    open_now = LogLeafRow.event.in_(sequences) & LogLeafRow.opening.is_not(None)
    events = await session.scalar(select(func.count()).select_from(EventRow).where(wanted)) or 0
    parts = await session.scalar(select(func.count()).select_from(LogLeafRow).where(open_now)) or 0
    await session.execute(
        update(LogLeafRow).where(open_now).values(priv=None, opening=None).execution_options(**_PLAIN)
    )
    return Blanked(events, parts)
