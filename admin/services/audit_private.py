"""The private part of one event: who, why in whose words, and the opening that ties it to its leaf in the public log.

Whoever reads it says why, and that is an event of its own before anything is given out: who looks is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from admin.audit.events import Event, EventKind
from admin.services.actors import Permission, require
from admin.services.acts import Act
from admin.services.errors import InvalidError, Mistake, NotFoundError
from admin.store.database import Transaction
from admin.store.log_tables import LogLeafRow
from admin.store.tables import EventRow
from resolver.tlog import tree


@dataclass(frozen=True, slots=True)
class PrivatePart:
    """What a leaf commits to: SHA-256(0x05, ``opening``, ``private``) is its ``priv``. Both are empty once erased."""

    sequence: int
    """The event's number."""
    origin: str
    index: int
    leaf_hash: str
    """Hexadecimal."""
    leaf: str
    """The leaf itself, as it stands in the log."""
    private: str
    """Canonical JSON, the very bytes that were committed to."""
    opening: str
    """32 bytes, hexadecimal."""

    @property
    def is_erased(self) -> bool:
        """Whether nobody can say any more what the leaf commits to."""
        return not self.opening


async def open_private(transaction: Transaction, act: Act, sequence: int) -> tuple[PrivatePart, ...]:
    """The private part of an event, once for each log that has a leaf of it; itself recorded as an event.

    DeniedError; InvalidError without a reason; NotFoundError for an event that is in no log.
    """
    require(act.actor, Permission.AUDIT_PRIVATE)
    if not act.reason.strip():
        raise InvalidError([Mistake("reason", "say why you read it, in a few words: the audit log keeps it")])
    event = await transaction.session.get(EventRow, sequence)
    leaves = list(
        await transaction.session.scalars(
            select(LogLeafRow).where(LogLeafRow.event == sequence).order_by(LogLeafRow.origin)
        )
    )
    if event is None or not leaves:
        raise NotFoundError(f"event {sequence} is in no public log: it has no private part")
    opened = Event(
        EventKind.AUDIT_OPENED,
        str(sequence),
        reason=act.reason,
        detail={"leaf": leaves[-1].seq, "kind": event.kind},
    )
    transaction.record(opened, act.actor, act.at)
    return tuple(_part(sequence, leaf) for leaf in leaves)


def _part(sequence: int, leaf: LogLeafRow) -> PrivatePart:
    is_whole = leaf.priv is not None and leaf.opening is not None
    return PrivatePart(
        sequence,
        leaf.origin,
        leaf.seq,
        tree.leaf_hash(leaf.leaf).hex(),
        leaf.leaf.decode(),
        leaf.priv.decode() if is_whole and leaf.priv else "",
        leaf.opening.hex() if is_whole and leaf.opening else "",
    )
