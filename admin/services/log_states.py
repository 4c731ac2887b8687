"""States of the public log as the database has them: which one held at a time, and what it says of a list. Reads only."""

from __future__ import annotations

from sqlalchemy import select

from admin.services.errors import NotFoundError
from admin.store.database import Transaction
from admin.store.log_tables import LogLeafRow, LogManifestRow, LogRow
from resolver.tlog import canonical, manifests
from resolver.tlog.canonical import Json
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.manifests import ListState


async def list_state(transaction: Transaction, state: str, list_id: str) -> ListState:
    """What the state says of the list. NotFoundError: no log has such a state, or the list is not in it."""
    row = await transaction.session.get(LogManifestRow, state)
    if row is None:
        raise NotFoundError(
            f"the public log has no state {state[:64]!r}; `weir audit verify` shows which it has"
        )
    found = manifests.decode(row.manifest).lists.get(list_id)
    if found is None:
        raise NotFoundError(f"there was no list {list_id[:80]!r} in that state")
    return found


async def state_at(transaction: Transaction, origin: str, at: float) -> str:
    """The state that held at ``at`` (Unix seconds), by the log ``origin`` or those before it. NotFoundError."""
    session = transaction.session
    newest = await session.get(LogRow, origin)
    series = "" if newest is None else newest.series
    logs = select(LogRow).where(LogRow.series == series).order_by(LogRow.number.desc())
    for log in await session.scalars(logs):
        state = await _state_in(transaction, log, at)
        if state is not None and state != ZERO_HASH:
            return state
    raise NotFoundError("no state had been logged by that time")


async def _state_in(transaction: Transaction, log: LogRow, at: float) -> str | None:
    """By the last leaf that is not younger; times never decrease. None: the log began later."""
    low, high, state = 0, log.size, None
    while low < high:
        middle = (low + high) // 2
        leaf = await _leaf(transaction, log.origin, middle)
        if float(str(leaf["t"])) > at:
            high = middle
        else:
            low, state = middle + 1, str(leaf["state"])
    return state


async def _leaf(transaction: Transaction, origin: str, seq: int) -> dict[str, Json]:
    row = await transaction.session.get(LogLeafRow, (origin, seq))
    found = None if row is None else canonical.decode(row.leaf)
    if not isinstance(found, dict):
        raise NotFoundError(
            f"leaf {seq} of {origin} is not in the database; `weir audit verify` shows the log itself"
        )
    return found
