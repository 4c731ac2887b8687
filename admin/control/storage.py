"""The database as control keeps it: opened as soon as it can be, read again when it changed, owed the events it missed.

Nothing here decides what is in force (``controller``), and no fault of the database ends control: it is said once,
tried again, and meanwhile what was read last holds. The modules behind it take a quarter of a second to import, so that
is done in a thread, and not at all while there is nothing to read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from admin.audit.events import Event
from admin.config import Config
from admin.config.database import SQLITE
from admin.services.actors import Actor
from admin.services.announced import MARK, Announcement
from admin.services.owed_events import OwedEvents
from admin.services.stored import EVERYTHING_CHANGED, NOTHING_CHANGED, NOTHING_STORED, Changed, Stored
from admin.store.errors import StoreError, UnavailableError
from resolver.runtime.logs import get_logger

if TYPE_CHECKING:
    from admin.store.database import Database, Transaction

_log = get_logger("weir.store")


class Storage:
    """One database. Used by one event loop; ``stored`` and ``pending`` may be read from anywhere."""

    def __init__(self, address: Callable[[], str], owed: Path | None = None) -> None:
        """``address`` is asked whenever the database is to be opened: what leads to it may change. StoreError.

        ``owed`` is the file of events that wait for the database; None: they are lost when control ends.
        """
        self._address = address
        self._database: Database | None = None
        self._turn = asyncio.Lock()
        self._owed = OwedEvents(owed)
        self.stored: Stored | None = None
        """What was read last; None before anything was."""
        self.pending: Changed = NOTHING_CHANGED
        """What may have changed since ``adopted``."""
        self._changed_at = 0
        self.problem = ""
        """Why the database cannot be used now; empty when it can."""

    @property
    def sequence(self) -> int:
        """The event up to which the database was read; 0 before that."""
        return 0 if self.stored is None else self.stored.sequence

    @property
    def database(self) -> Database:
        """The open database. UnavailableError, in words for whoever asked for it."""
        if self._database is None:
            raise UnavailableError(self.problem or "the database is being opened; try again in a moment")
        return self._database

    async def opened(self, declared: Config) -> Database:
        """The database; whoever comes before it was opened for the first time waits for that. UnavailableError."""
        if self._database is None and not self.problem:
            await self.refresh(declared)
        return self.database

    def suppose_empty(self) -> bool:
        """Take it that nothing is stored, where that is sure without opening anything: there is no file yet."""
        try:
            scheme, _, path = self._address().partition(":")
        except StoreError:
            return False
        if scheme != SQLITE or Path(path).exists():
            return False
        self.stored = NOTHING_STORED
        return True

    async def refresh(self, declared: Config) -> bool:
        """Open the database if need be, write what is owed, read what changed; False if that failed, which is said.

        ``declared`` says where relative paths begin.
        """
        async with self._turn:
            try:
                await self._refresh(declared)
            except StoreError as error:
                self._failed(str(error))
                return False
        if self.problem:
            _log.info("the database is back")
            self.problem = ""
        return True

    async def _refresh(self, declared: Config) -> None:
        await asyncio.to_thread(import_module, "admin.services.loading")
        from admin.services.loading import load_stored, refreshed

        database = self._database
        if database is None:
            database = self._database = await self._open()
        await self._pay(database)
        async with database.reading() as transaction:
            if self.stored is None:
                stored, changed = await load_stored(transaction, declared), EVERYTHING_CHANGED
            else:
                stored, changed = await refreshed(transaction, declared, self.stored)
        if changed:
            self.pending |= changed
            self._changed_at = stored.sequence
        self.stored = stored

    async def _open(self) -> Database:
        from admin.store.database import Database

        return await Database.open(self._address())

    def adopted(self, stored: Stored) -> None:
        """This is in force now; what changed since it was read is still to come."""
        if stored.sequence >= self._changed_at:
            self.pending = NOTHING_CHANGED

    async def record(self, announcements: Sequence[Announcement]) -> None:
        """Write events whose keepers tell them until this returns. Any error means that none of them is written.

        One that is told twice, because its keeper ended in between, is written once.
        """
        async with self._turn, self.database.transaction() as transaction:
            await _write(transaction, announcements)

    async def note(self, event: Event, actor: Actor, at: float, mark: str = "") -> None:
        """Record an event of something that has happened, whether the database can be reached or not.

        It is durable when this returns, if the disk takes it. A use case records its event with its change instead.
        What may be noted more than once has a ``mark`` of its own, and is written once.
        """
        await asyncio.to_thread(self._owed.add, event, actor, at, mark)
        async with self._turn:
            if self._database is not None:
                try:
                    await self._pay(self._database)
                except StoreError as error:
                    self._failed(str(error))

    async def _pay(self, database: Database) -> None:
        """Write the events that are owed, in their order; they stay owed if that fails."""
        if not self._owed:
            return
        until, waiting = await asyncio.to_thread(self._owed.waiting)
        async with database.transaction() as transaction:
            await _write(transaction, waiting)
        await asyncio.to_thread(self._owed.paid, until)

    async def close(self) -> None:
        """Close the database."""
        async with self._turn:
            database, self._database = self._database, None
        if database is not None:
            await database.close()

    def _failed(self, problem: str) -> None:
        if problem != self.problem:
            _log.error("the database cannot be used; what was read last goes on serving", problem=problem)
        self.problem = problem


async def _write(transaction: Transaction, announcements: Iterable[Announcement]) -> None:
    from admin.services.events import known_changes, news

    known: dict[str, set[object]] = {}
    for item in announcements:
        mark, subject = item.event.detail.get(MARK), item.event.subject
        if subject not in known:
            known[subject] = await known_changes(transaction, subject)
        if mark is not None and mark in known[subject]:
            continue
        known[subject].add(mark)
        if (event := await news(transaction, item.event)) is not None:
            transaction.record(event, item.actor, item.at)
