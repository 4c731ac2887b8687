"""Giving out what an opening is good for: nothing leaves before the public log has the leaf that tells of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from admin.audit.doubt import LogStoppedError
from admin.audit.events import Detail
from admin.services.acts import Act
from admin.services.openings import told, use_opening
from admin.store.database import Database
from resolver.tlog.manifests import ListState

Logged = Callable[[], Awaitable[None]]
"""Returns once every recorded event is in the public log. LogStoppedError."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where the public log tells of it."""

    origin: str
    index: int


async def give(
    database: Database, logged: Logged, act: Act, opening_id: str, facts: Mapping[str, Detail]
) -> Leaf:
    """Record that something is given out, and see it into the log; the caller gives it out when this returns.

    DeniedError, NotFoundError, ConflictError: it may not be. LogStoppedError, StoreError: it must not be, though it may have
    been counted.
    """
    async with database.transaction() as transaction:
        sequence = await use_opening(transaction, act, opening_id, facts)
    await logged()
    async with database.reading() as transaction:
        leaf = await told(transaction, sequence)
    if leaf is None:
        raise LogStoppedError("the public log has not taken the event of it; try again in a moment")
    return Leaf(*leaf)


def facts_of(state: ListState) -> dict[str, Detail]:
    """What a leaf tells of the list itself, as far as its state says it."""
    return {key: text for key, text in (("authority", state.auth), ("basis", state.basis)) if text}
