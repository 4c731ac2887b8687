"""The database as everybody else sees it: opened once, then transactions. Every fault of it becomes a ``StoreError``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from admin.config.database import hide_password
from admin.store.engines import LOCK_SECONDS, Engines, make_engines
from admin.store.errors import UnavailableError
from admin.store.faults import faults_of, in_words
from admin.store.migrate import upgrade
from admin.store.transaction import Transaction, last_sequence
from resolver.runtime.tasks import uninterrupted

__all__ = ["Database", "Transaction"]

T = TypeVar("T")


class Database:
    """One database. Its methods may be called from several tasks of one event loop, ``run_here`` from other threads."""

    def __init__(self, engines: Engines, name: str) -> None:
        """Use ``open``. ``name`` is the address without its password."""
        self._engines = engines
        self._name = name
        self._writing = asyncio.Lock()
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, url: str) -> Database:
        """Connect and bring the tables up to date.

        ``url``: ``sqlite:PATH`` or ``postgresql://…`` as libpq has it. UnavailableError: it cannot be reached now.
        NewerError: a newer Weir wrote it.
        """
        name = hide_password(url)
        with _faults(name):
            database = cls(make_engines(url), name)
        try:
            with _faults(name):
                async with database._engines.writer.begin() as connection:
                    await connection.run_sync(upgrade)
        except BaseException:
            await database.close()
            raise
        return database

    @classmethod
    async def open_as_it_is(cls, url: str) -> Database:
        """Like ``open``, for somebody who only reads: the tables are used as they are, and no file is made."""
        name = hide_password(url)
        with _faults(name):
            return cls(make_engines(url, making=False), name)

    async def close(self) -> None:
        """Close all connections; nothing can be asked any more."""
        await self._engines.dispose()

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Read and write; commits at the end, rolls back on any error. One at a time, whoever else writes waits.

        UnavailableError if the database cannot be used now or another process keeps it; nothing was changed then,
        unless the connection was lost in the very moment of the commit.
        """
        with _faults(self._name):
            async with self._turn(), self._session(self._engines.writer) as transaction:
                yield transaction

    async def fold(self) -> None:
        """Leave nothing of what was erased in SQLite's log beside the file, as far as no reader is at it. UnavailableError.

        PostgreSQL sees to its own files.
        """
        with _faults(self._name):
            async with self._turn():
                await self._engines.fold()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """A whole transaction for reading and writing in one piece of work, which knows no ``await``: for what is done
        often. It is committed when the work returns, and rolled back on any error; on SQLite a cancellation waits for it.
        UnavailableError as ``transaction``.
        """
        with _faults(self._name):
            async with self._turn():
                engine = self._engines.thread
                if engine is not None:
                    return await uninterrupted(asyncio.to_thread(_in_one_piece, engine, work))
                async with self._engines.writer.begin() as connection:
                    return await connection.run_sync(work)

    def run_here(self, work: Callable[[Connection], T]) -> T:
        """As ``run``, in the thread of the caller, which is not that of the event loop: for what is done so often that going
        back and forth between threads would cost more than the work. Whose turn it is SQLite decides, as between processes.
        """
        engine = self._engines.thread
        if engine is None:
            return asyncio.run_coroutine_threadsafe(self.run(work), self._loop).result()
        with _faults(self._name):
            return _in_one_piece(engine, work)

    async def look(self, work: Callable[[Connection], T]) -> T:
        """As ``reading``, in one piece of work, which knows no ``await``: for what every request asks. UnavailableError.

        Statement by statement a look takes a dozen turns of the event loop, and each turn is as long as what others do in it.
        """
        with _faults(self._name):
            engine = self._engines.looking
            if engine is not None:
                return await uninterrupted(asyncio.to_thread(_in_one_piece, engine, work))
            async with self._engines.reader.begin() as connection:
                return await connection.run_sync(work)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Read only: one state of the database from beginning to end, whoever writes meanwhile. UnavailableError."""
        with _faults(self._name):
            async with self._session(self._engines.reader) as transaction:
                yield transaction

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(LOCK_SECONDS):
                await self._writing.acquire()
        except TimeoutError:
            raise UnavailableError(
                f"{self._name}: other changes are still being written; try again in a moment"
            ) from None
        try:
            yield
        finally:
            self._writing.release()

    @contextlib.asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[Transaction]:
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            yield Transaction(session, await last_sequence(session))


def _in_one_piece(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


@contextlib.contextmanager
def _faults(name: str) -> Iterator[None]:
    try:
        yield
    except faults_of(name) as error:
        raise UnavailableError(in_words(name, error)) from error
