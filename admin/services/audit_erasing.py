"""Erasing what events keep of people: two persons ask for the same within a day, and neither is the one it is about.

Erasing must not hide what somebody did: the log's leaves stay, with a pseudonym, and every erasure is a leaf of its own
with how much was erased. Nobody erases their own traces, and no event before every log has it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from admin.audit.events import Detail, Event, EventKind, digest_of
from admin.audit.facts import SECOND_HOLDER
from admin.services.actors import Actor, ActorKind, Permission, require
from admin.services.acts import Act
from admin.services.erasable import (
    PERSONS,
    Blanked,
    blank,
    blank_details,
    by_holder,
    consents,
    forget_consents,
    forget_tokens,
    has_live_token,
    naming,
    newest,
    numbered,
    of_subscriber,
    older_than,
)
from admin.services.errors import ConflictError, InvalidError, Mistake, NotFoundError
from admin.services.events import last_looked_at
from admin.services.openings import forget_openings
from admin.services.reasons import reason_fault
from admin.store.database import Transaction
from admin.store.tables import EventRow

CONSENT_LASTS = 24 * 3600.0
"""Seconds within which the second person must ask for the same: nobody shall erase by finding a forgotten consent."""
_BY_AGE = Actor.of_the_box(ActorKind.SCHEDULE, "control")


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be erased: what is kept of a holder, of a subscriber, or of one event. Just one of them is given."""

    holder: str = ""
    subscriber: str = ""
    event: int | None = None

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """What is wrong with it."""
        if not (self.holder + self.subscriber).isprintable():
            return (Mistake(self.what, "has control characters; nobody is called so"),)
        if sum((bool(self.holder), bool(self.subscriber), self.event is not None)) == 1:
            return ()
        return (Mistake("", "say whose traces: one of holder, subscriber and event, and one only"),)

    @property
    def what(self) -> str:
        """Which of the three, in a word."""
        return "holder" if self.holder else "subscriber" if self.subscriber else "event"

    @property
    def digest(self) -> str:
        """By which the second person's wish is known to be the first one's. It goes with the erasure."""
        return digest_of([self.what, self.holder or self.subscriber or self.event])


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of it: ``events`` and ``parts`` are 0 while a second person must ask for the same."""

    waits: bool
    events: int = 0
    parts: int = 0


async def erase_private(transaction: Transaction, act: Act, target: Target) -> Erased:
    """Ask that private parts be erased; whoever is the second to ask within a day has it done.

    DeniedError, InvalidError, NotFoundError if there is nothing of the kind, ConflictError if it may not be now.
    """
    require(act.actor, Permission.AUDIT_ERASE)
    _check(act, target)
    await _check_possible(transaction, act, target)
    other = await _consent(transaction, act, target)
    if other is None:
        event = Event(EventKind.AUDIT_ERASING, "", after=target.digest, reason=act.reason)
        transaction.record(event, act.actor, act.at)
        return Erased(waits=True)
    done = await _erase(transaction, target, act.at)
    await forget_consents(transaction, target.digest, act.at - CONSENT_LASTS)
    _record(transaction, done, target.what, act, other)
    return Erased(False, done.events, done.parts)


async def erase_old(transaction: Transaction, at: float, keep: float) -> Erased:
    """Erase what is older than ``keep`` seconds at the moment ``at``, and openings that are over; an event only of the former."""
    until = await last_looked_at(transaction)
    wanted = older_than(at - keep)
    if until is not None:
        wanted &= EventRow.sequence <= until
    done = await blank(transaction, wanted)
    await forget_openings(transaction, at)
    if done.events:
        _record(transaction, done, "age", Act(_BY_AGE, at, "It is older than audit.keep_private."))
    return Erased(False, done.events, done.parts)


def _check(act: Act, target: Target) -> None:
    mistakes = list(target.mistakes)
    if fault := reason_fault(act.reason):
        mistakes.append(Mistake("reason", fault))
    if mistakes:
        raise InvalidError(mistakes)
    if target.holder == act.actor.holder:
        raise ConflictError("nobody erases their own traces: two others must ask for it")


async def _check_possible(transaction: Transaction, act: Act, target: Target) -> None:
    last = await newest(transaction, _wanted(target))
    if last is None:
        raise NotFoundError(f"nothing private is kept of this {target.what}")
    told = await last_looked_at(transaction)
    if told is not None and last > told:
        raise ConflictError("the newest of these events is not in the public log yet; try again in a moment")
    if target.holder and await has_live_token(transaction, target.holder, act.at):
        raise ConflictError("this person has a token that is good for something; revoke it first")
    if target.event is not None:
        row = await transaction.session.get(EventRow, target.event)
        if row is not None and row.holder == act.actor.holder:
            raise ConflictError("nobody erases their own traces: two others must ask for it")


def _wanted(target: Target) -> ColumnElement[bool]:
    if target.holder:
        return (by_holder(target.holder) & EventRow.actor_kind.in_(PERSONS)) | naming(target.holder)
    return of_subscriber(target.subscriber) if target.subscriber else numbered(target.event or 0)


async def _erase(transaction: Transaction, target: Target, at: float) -> Blanked:
    if not target.holder:
        return await blank(transaction, _wanted(target))
    acted = by_holder(target.holder) & EventRow.actor_kind.in_(PERSONS)
    done = await blank(transaction, acted) + await blank_details(transaction, naming(target.holder))
    await forget_tokens(transaction, target.holder)
    await forget_openings(transaction, at, target.holder)
    return done


async def _consent(transaction: Transaction, act: Act, target: Target) -> str | None:
    """Who else asked for the same within a day; a consent is good for one erasure."""
    fresh = (EventRow.at > act.at - CONSENT_LASTS) & (EventRow.at <= act.at)
    holders = await transaction.session.scalars(
        select(EventRow.holder)
        .where(consents(target.digest) & fresh)
        .where(EventRow.holder != act.actor.holder, EventRow.holder != "")
        .order_by(EventRow.sequence.desc())
        .limit(1)
    )
    return next(iter(holders), None)


def _record(transaction: Transaction, done: Blanked, what: str, act: Act, other: str = "") -> None:
    detail: dict[str, Detail] = {"events": done.events, "parts": done.parts, "what": what}
    if other:
        detail[SECOND_HOLDER] = other
    event = Event(EventKind.AUDIT_ERASED, "", reason=act.reason, detail=detail)
    transaction.record(event, act.actor, act.at)
