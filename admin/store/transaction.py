"""One transaction: a session, and the events that tell of what it changes. Never a transaction of several requests."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from admin.audit.events import Event
from admin.audit.facts import ROLE
from admin.store.tables import EventRow


class Acts(Protocol):
    """The part of an actor (``admin.services.actors.Actor``) that an event tells."""

    @property
    def kind(self) -> str:
        """Through what somebody acts."""

    @property
    def id(self) -> str:
        """The token, system user, list or file."""

    @property
    def holder(self) -> str:
        """The person or system behind it."""

    @property
    def role(self) -> str:
        """The role of a token; empty for the operator of the box and for Weir itself."""


class Transaction:
    """What a use case works with. Valid until its ``async with`` ends; used by one task."""

    def __init__(self, session: AsyncSession, last: int) -> None:
        """``last`` is the sequence of the newest event."""
        self.session = session
        self._last = last

    @property
    def sequence(self) -> int:
        """The sequence of the newest event, those of this transaction among them; 0 if there is none."""
        return self._last

    def record(self, event: Event, actor: Acts, at: float) -> None:
        """Add the event of a change; it is committed with the change or not at all. ``at`` is Unix seconds."""
        self._last += 1
        role = {ROLE: actor.role} if actor.role else {}
        self.session.add(
            EventRow(
                sequence=self._last,
                at=at,
                kind=event.kind.value,
                actor_kind=str(actor.kind),
                actor_id=actor.id,
                holder=actor.holder,
                subject=event.subject,
                before=event.before,
                after=event.after,
                reason=event.reason,
                detail={**event.detail, **role},
            )
        )


async def last_sequence(session: AsyncSession) -> int:
    """The sequence of the newest event; 0 if there is none."""
    return await session.scalar(select(func.max(EventRow.sequence))) or 0
