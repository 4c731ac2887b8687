"""Engines for the two databases: one for the writer, one for readers. How each is made safe stands here, nowhere else.

SQLite: write-ahead log, every commit synced, ``BEGIN IMMEDIATE`` for writers, so that another process (the command
line) waits its turn at the beginning and never fails in the middle. PostgreSQL: writers take one advisory lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from admin.config.database import SQLITE, hide_password
from admin.store.errors import UnavailableError
from admin.store.sqlite_connection import SqliteConnection

LOCK_SECONDS = 10.0
"""How long a writer waits for another process before it gives up."""
CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 60.0
"""No statement of ours takes this long; a dead network must not hang a request for ever."""
READERS = 4
"""Readers at once; more wait their turn."""
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
"""What every connection to SQLite begins with; what is erased is overwritten, and not left in free pages."""

_PRIVATE = 0o600

_ADVISORY_KEY = 0x77656972
"""``weir`` in ASCII: whoever writes to the same database takes the same lock."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One writer's engine (a single connection) and one for readers, over the same database."""

    writer: AsyncEngine
    reader: AsyncEngine
    thread: Engine | None
    """SQLite's writer for a transaction in a thread: without a hop to the driver's thread for every statement."""
    looking: Engine | None
    """The same for readers."""

    async def fold(self) -> None:
        """Fold SQLite's log into the file, and cut it."""
        if self.writer.dialect.name != "sqlite":
            return
        async with self.writer.connect() as connection:
            raw = await connection.get_raw_connection()  # a checkpoint cannot be had in a transaction
            if raw.driver_connection is not None:
                await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def dispose(self) -> None:
        """Close all connections. The writer's last: SQLite then folds its log into the file."""
        await self.reader.dispose()
        for engine in (self.looking, self.thread):
            if engine is not None:
                engine.dispose()
        await self.writer.dispose()


def make_engines(address: str, *, making: bool = True) -> Engines:
    """Engines for an address of ``admin.store.address``. Opens nothing yet, but may make a missing database file.

    OSError if that cannot be made, or is not to be made and missing.
    """
    scheme, _, rest = address.partition(":")
    if scheme == SQLITE:
        path = Path(rest)
        if making:
            path.touch(mode=_PRIVATE)  # SQLite would give everybody the right to read it
        else:
            path.stat()
        both = _sqlite(path, writing=True), _sqlite(path, writing=False)
        return Engines(*both, _sqlite_thread(path, writing=True), _sqlite_thread(path, writing=False))
    return Engines(_postgresql(address, writing=True), _postgresql(address, writing=False), None, None)


def _sqlite(path: Path, *, writing: bool) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=1 if writing else READERS,
        max_overflow=0,
        pool_timeout=LOCK_SECONDS,
        connect_args={"timeout": LOCK_SECONDS, "factory": SqliteConnection},
    )
    _prepare_sqlite(engine.sync_engine, writing=writing)
    return engine


def _sqlite_thread(path: Path, *, writing: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=1 if writing else READERS,
        max_overflow=0,
        pool_timeout=LOCK_SECONDS,
        connect_args={"timeout": LOCK_SECONDS, "check_same_thread": False, "factory": SqliteConnection},
        poolclass=QueuePool,
    )
    _prepare_sqlite(engine, writing=writing)
    return engine


def _prepare_sqlite(engine: Engine, *, writing: bool) -> None:
    begin = "BEGIN IMMEDIATE" if writing else "BEGIN"

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver's own BEGIN would be a deferred one
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        if not writing:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _postgresql(address: str, *, writing: bool) -> AsyncEngine:
    settings = {
        "application_name": "weir",
        "lock_timeout": str(int(LOCK_SECONDS * 1000)),
        "idle_in_transaction_session_timeout": str(int(COMMAND_SECONDS * 1000)),
    }

    import asyncpg  # no start with SQLite waits for this driver

    async def connect() -> Any:
        try:
            return await asyncpg.connect(
                address, timeout=CONNECT_SECONDS, command_timeout=COMMAND_SECONDS, server_settings=settings
            )
        except ValueError:
            # The error repeats what it could not read, perhaps with the password.
            raise UnavailableError(
                f"{hide_password(address)}: this is no address of a PostgreSQL server; check admin.database"
            ) from None

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=1 if writing else READERS,
        max_overflow=0,
        pool_timeout=LOCK_SECONDS,
        pool_pre_ping=True,  # a server that was restarted leaves dead connections behind
    )
    if not writing:
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_KEY})")

    return engine
