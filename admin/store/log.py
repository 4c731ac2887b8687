"""The log's part of the database: the lock row and all that changes with it, in one transaction.

What is written here was staged and signed before, so a transaction is a few rows and nothing slow. Between processes the
comparison in the UPDATE decides: of two writers one finds the row as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from admin.audit.doubt import DoubtError, LogStoppedError
from admin.audit.head import Commit, Head, History, LogKey
from admin.store.database import Database
from admin.store.errors import StoreError
from admin.store.log_tables import LogKeyRow, LogLeafRow, LogManifestRow, LogRow
from admin.store.tables import Base, EventRow

_PAGE = 500
"""Values of one ``IN``: SQLite takes 32,766, a page of manifests is large enough for memory."""
_MOVING = ("size", "root", "note", "time", "state", "bound", "events", "closed")
"""What an append changes of a lock row. The rest is in indexes, which would be written anew with it."""

# Made once: putting them together costs more than the database does with them.
_LOGS, _LEAVES, _EVENTS = (Base.metadata.tables[row.__tablename__] for row in (LogRow, LogLeafRow, EventRow))
_SWAP = (
    update(_LOGS)
    .where(
        _LOGS.c.origin == bindparam("of"),
        _LOGS.c.size == bindparam("old_size"),
        _LOGS.c.root == bindparam("old_root"),
    )
    .values({name: bindparam(name) for name in _MOVING})
)
_ADD_LEAVES = insert(_LEAVES)
_WAITING = (
    select(_EVENTS)
    .where(_EVENTS.c.sequence > bindparam("after"))
    .order_by(_EVENTS.c.sequence)
    .limit(bindparam("count"))
)


class StoreLedger:
    """``admin.audit.head.Ledger`` over a database, which is asked for whenever it is needed."""

    def __init__(self, database: Callable[[], Database]) -> None:
        """``database`` may raise StoreError."""
        self._database = database

    async def newest(self, series: str) -> History | None:
        """As ``Ledger``."""
        with _in_words():
            async with self._database().reading() as transaction:
                last = select(LogRow).where(LogRow.series == series).order_by(LogRow.number.desc()).limit(1)
                return await _history(transaction.session, last)

    async def numbered(self, series: str, number: int) -> History | None:
        """The ``number``-th log of this series. LogStoppedError."""
        with _in_words():
            async with self._database().reading() as transaction:
                one = select(LogRow).where(LogRow.series == series, LogRow.number == number)
                return await _history(transaction.session, one)

    def commit(self, commit: Commit) -> None:
        """As ``Ledger``."""
        with _in_words():
            self._database().run_here(partial(_commit, commit))

    async def leaves(self, origin: str, start: int, count: int) -> Sequence[bytes]:
        """As ``Ledger``."""
        with _in_words():
            async with self._database().reading() as transaction:
                found = await transaction.session.scalars(
                    select(LogLeafRow.leaf)
                    .where(
                        LogLeafRow.origin == origin, LogLeafRow.seq >= start, LogLeafRow.seq < start + count
                    )
                    .order_by(LogLeafRow.seq)
                )
                return list(found)

    async def manifests(self, states: Sequence[str]) -> Sequence[tuple[str, bytes]]:
        """As ``Ledger``."""
        found: list[tuple[str, bytes]] = []
        with _in_words():
            async with self._database().reading() as transaction:
                for at in range(0, len(states), _PAGE):
                    wanted = LogManifestRow.state.in_(states[at : at + _PAGE])
                    rows = await transaction.session.execute(
                        select(LogManifestRow.state, LogManifestRow.manifest).where(wanted)
                    )
                    found += [(state, manifest) for state, manifest in rows]
        return found

    async def waiting(self, after: int, count: int) -> Sequence[Row[Any]]:
        """The events behind ``after`` in their order, at most ``count``: rows of ``EventRow``. LogStoppedError."""
        with _in_words():
            return await self._database().run(partial(_waiting, after, count))


def _waiting(after: int, count: int, connection: Connection) -> Sequence[Row[Any]]:
    """Plain rows: objects of the mapper would be a quarter of what an append costs."""
    return connection.execute(_WAITING, {"after": after, "count": count}).all()


async def _history(session: AsyncSession, which: Select[tuple[LogRow]]) -> History | None:
    row = await session.scalar(which)
    if row is None:
        return None
    keys = await session.scalars(
        select(LogKeyRow).where(LogKeyRow.origin == row.origin).order_by(LogKeyRow.since, LogKeyRow.key_id)
    )
    return History(_head(row), tuple(map(_key, keys)))


def _commit(commit: Commit, connection: Connection) -> None:
    before, after = commit.before, commit.after
    if before.size == 0 and not _is_there(connection, LogRow.origin == after.origin):
        connection.execute(insert(LogRow), asdict(after))
    else:
        _compare_and_swap(connection, before, after)
    rows = [
        {
            "origin": after.origin,
            "seq": leaf.seq,
            "leaf": leaf.data,
            "event": leaf.event,
            "priv": leaf.priv,
            "opening": leaf.opening,
        }
        for leaf in commit.leaves
    ]
    connection.execute(_ADD_LEAVES, rows)
    for state, manifest in commit.manifests:
        if not _is_there(connection, LogManifestRow.state == state):
            connection.execute(insert(LogManifestRow), {"state": state, "manifest": manifest})
    for key in commit.keys:
        which = (LogKeyRow.origin == after.origin) & (LogKeyRow.key_id == key.key_id)
        connection.execute(delete(LogKeyRow).where(which))
        connection.execute(insert(LogKeyRow), {"origin": after.origin, **asdict(key)})


def _is_there(connection: Connection, which: ColumnElement[bool]) -> bool:
    return connection.scalar(select(exists().where(which))) is True


def _compare_and_swap(connection: Connection, before: Head, after: Head) -> None:
    told = {"of": before.origin, "old_size": before.size, "old_root": before.root}
    done = connection.execute(_SWAP, told | {name: getattr(after, name) for name in _MOVING})
    if done.rowcount != 1:
        raise DoubtError(
            f"somebody else writes the log {before.origin}: the database has another size than this process knows. Let one "
            "box and one process write it"
        )


def _head(row: LogRow) -> Head:
    return Head(
        **{
            name: getattr(row, name) for name in Head.__dataclass_fields__
        }  # the columns have the fields' names
    )


def _key(row: LogKeyRow) -> LogKey:
    return LogKey(row.key_id, row.vkey, row.since, row.until, row.added)


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise LogStoppedError(f"the public log waits for the database: {error}") from error
