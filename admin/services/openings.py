"""Openings asked for, agreed to, used and ended: one transaction each, with its event.

Nothing is given out here. ``use`` records that something is about to be; whoever gives it out does so once the public log
has the event (``told``). So whatever dies in between: it is logged and given, or not given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import delete, func, select

from admin.audit.events import Detail, Event, EventKind
from admin.audit.facts import SECOND_HOLDER, SECOND_ROLE
from admin.services.actors import Actor, Permission, Role, require
from admin.services.acts import Act
from admin.services.errors import ConflictError, NotFoundError
from admin.services.log_states import list_state
from admin.services.opening import (
    LASTS,
    WAITS,
    Opening,
    Person,
    Purpose,
    Stage,
    Wish,
    check_second,
    check_use,
)
from admin.services.reasons import reason_in
from admin.store.database import Transaction
from admin.store.log_tables import LogLeafRow
from admin.store.opening_tables import OpeningRow
from resolver.tlog.manifests import ListState

ID_BYTES = 8
KEPT = 86_400.0
"""Seconds that an opening is still shown when it is over."""
MOST = 100
"""Openings at a time: each is one that two persons talk about."""
_ID = re.compile(rf"[0-9a-f]{{{2 * ID_BYTES}}}", re.ASCII)
_GIVEN: Mapping[Purpose, EventKind] = MappingProxyType(
    {Purpose.TEXT: EventKind.LIST_OPENED, Purpose.CHALLENGE: EventKind.LIST_CHALLENGED}
)


async def ask_opening(transaction: Transaction, act: Act, wish: Wish, *, random: bytes) -> Opening:
    """Ask for a list to be opened; a second person must agree. ``random`` are ID_BYTES fresh bytes.

    DeniedError, InvalidError, NotFoundError for an unknown state or list, ConflictError where nothing is to be opened.
    """
    person = Person.of(act.actor)
    reason_in(act.reason)
    _check_closed(wish, await list_state(transaction, wish.state, wish.list_id))
    await forget_openings(transaction, act.at)
    if (await transaction.session.scalar(select(func.count()).select_from(OpeningRow)) or 0) >= MOST:
        raise ConflictError(f"there are {MOST} openings; end one that nobody needs")
    row = OpeningRow(
        id=random.hex(),
        list=wish.list_id,
        state=wish.state,
        purpose=wish.purpose.value,
        reason=act.reason,
        asker=person.holder,
        asker_role=person.role.value,
        asked=act.at,
        agreer="",
        agreer_role="",
        ends=act.at + WAITS,
        uses=0,
    )
    transaction.session.add(row)
    _record(transaction, act, EventKind.LIST_OPENING_ASKED, row)
    return _opening(row)


async def agree_to_opening(transaction: Transaction, act: Act, opening_id: str) -> Opening:
    """Agree to what somebody asked. DeniedError, InvalidError, NotFoundError, ConflictError."""
    person = Person.of(act.actor)
    reason_in(act.reason)
    row = await _row(transaction, opening_id)
    check_second(_opening(row), person, act.at)
    row.agreer, row.agreer_role, row.agreed = person.holder, person.role.value, act.at
    row.ends = act.at + LASTS
    _record(transaction, act, EventKind.LIST_OPENING_AGREED, row)
    return _opening(row)


async def end_opening(transaction: Transaction, act: Act, opening_id: str) -> None:
    """End an opening before its time: whoever may take part in one may end any. DeniedError, NotFoundError."""
    require(act.actor, Permission.AUDIT_OPEN)
    row = await _row(transaction, opening_id)
    _record(transaction, act, EventKind.LIST_OPENING_ENDED, row)
    await transaction.session.delete(row)


async def list_openings(transaction: Transaction, actor: Actor) -> tuple[Opening, ...]:
    """All that there are, the newest first; those that are over for a day too. DeniedError."""
    require(actor, Permission.AUDIT_OPEN)
    rows = await transaction.session.scalars(
        select(OpeningRow).order_by(OpeningRow.asked.desc(), OpeningRow.id)
    )
    return tuple(map(_opening, rows))


async def get_opening(transaction: Transaction, actor: Actor, opening_id: str) -> Opening:
    """One opening. DeniedError, NotFoundError."""
    require(actor, Permission.AUDIT_OPEN)
    return _opening(await _row(transaction, opening_id))


async def usable(transaction: Transaction, act: Act, wish: Wish) -> Opening:
    """The opening of what is wished for, of which this person is one of the two; of several one that may be used.

    DeniedError, NotFoundError if nobody asked for it; ConflictError if it may not be used now.
    """
    person = Person.of(act.actor)
    same = (OpeningRow.list == wish.list_id) & (OpeningRow.state == wish.state)
    rows = await transaction.session.scalars(
        select(OpeningRow)
        .where(same & (OpeningRow.purpose == wish.purpose.value))
        .order_by(OpeningRow.asked.desc(), OpeningRow.id)
    )
    found = [_opening(row) for row in rows]
    mine = [
        one for one in found if one.stage(act.at) is Stage.OPEN and one.other(person) is not None
    ] or found
    if not mine:
        raise NotFoundError(
            "nobody has asked for this list to be opened in this state: ask for it, with a reason"
        )
    check_use(mine[0], person, act.at)
    return mine[0]


async def use_opening(
    transaction: Transaction, act: Act, opening_id: str, facts: Mapping[str, Detail]
) -> int:
    """Count one use and record it; the sequence of its event. ``facts`` are those of the list, and what was given out.

    DeniedError, NotFoundError, ConflictError: nothing may be given out.
    """
    person = Person.of(act.actor)
    row = await _row(transaction, opening_id)
    opening = _opening(row)
    other = check_use(opening, person, act.at)
    row.uses += 1
    second: dict[str, Detail] = {SECOND_HOLDER: other.holder, SECOND_ROLE: other.role.value}
    said = Act(act.actor, act.at, opening.reason)
    _record(transaction, said, _GIVEN[opening.wish.purpose], row, {**facts, **second})
    return transaction.sequence


async def told(transaction: Transaction, sequence: int) -> tuple[str, int] | None:
    """Origin and index of the leaf that tells of an event; None: no log has one."""
    row = await transaction.session.scalar(
        select(LogLeafRow).where(LogLeafRow.event == sequence).order_by(LogLeafRow.origin.desc()).limit(1)
    )
    return None if row is None else (row.origin, row.seq)


async def forget_openings(transaction: Transaction, at: float, holder: str = "") -> None:
    """Forget those that had been over for a day at ``at`` (Unix seconds), and all of ``holder`` if one is named."""
    old = OpeningRow.ends < at - KEPT
    theirs = (OpeningRow.asker == holder) | (OpeningRow.agreer == holder)
    await transaction.session.execute(delete(OpeningRow).where(old | theirs if holder else old))


def _check_closed(wish: Wish, state: ListState) -> None:
    if state.conf == "public":
        raise ConflictError(
            f"list {wish.list_id} was public then: `weir audit text` shows its text to everybody"
        )
    if not state.commit:
        raise ConflictError(
            f"the log has no commitment to the text of list {wish.list_id} in that state, so there is nothing to open"
        )


async def _row(transaction: Transaction, opening_id: str) -> OpeningRow:
    is_one = _ID.fullmatch(opening_id) is not None
    row = await transaction.session.get(OpeningRow, opening_id, with_for_update=True) if is_one else None
    if row is None:
        raise NotFoundError(f"there is no opening {opening_id[:40]!r}; `weir audit openings` shows all")
    return row


def _opening(row: OpeningRow) -> Opening:
    return Opening(
        id=row.id,
        wish=Wish(row.list, row.state, Purpose(row.purpose)),
        reason=row.reason,
        asker=Person(row.asker, Role(row.asker_role)),
        asked=row.asked,
        ends=row.ends,
        agreer=Person(row.agreer, Role(row.agreer_role)) if row.agreer else None,
        agreed=row.agreed,
        uses=row.uses,
    )


def _record(
    transaction: Transaction,
    act: Act,
    kind: EventKind,
    row: OpeningRow,
    facts: Mapping[str, Detail] | None = None,
) -> None:
    detail: dict[str, Detail] = {"opening": row.id, "purpose": row.purpose, "state": row.state}
    event = Event(kind, row.list, reason=act.reason, detail=detail | dict(facts or {}))
    transaction.record(event, act.actor, act.at)
