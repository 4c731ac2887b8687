"""How a signer reads the lock row by itself: past the process that asks it to sign, and past what that believes.

The one statement here names the table of ``admin.store.log_tables``; a test holds the two together.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import Protocol
from urllib.parse import quote

import asyncpg
from asyncpg.exceptions import InterfaceError, PostgresError

from admin.audit.bundles import Tree
from admin.audit.signing import SignerError
from admin.config.database import SQLITE


class LockReader(Protocol):
    """Reads lock rows. Used by one thread at a time."""

    def read(self, origin: str) -> Tree | None:
        """How far that log has come; None: it was never begun. SignerError: that cannot be told."""

    def close(self) -> None:
        """Let go of the database."""


_SECONDS = 5.0


def lock_reader(address: str) -> LockReader:
    """For the address of a database as ``admin.store.address`` has it. Nothing is opened before it is asked."""
    scheme, _, rest = address.partition(":")
    return _Sqlite(rest) if scheme == SQLITE else _Postgresql(address)


class _Sqlite:
    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def read(self, origin: str) -> Tree | None:
        try:
            if self._connection is None:
                uri = f"file:{quote(self._path)}?mode=ro"
                self._connection = sqlite3.connect(
                    uri, uri=True, timeout=_SECONDS, isolation_level=None, check_same_thread=False
                )
            row = self._connection.execute(
                "SELECT size, root FROM logs WHERE origin = ?", (origin,)
            ).fetchone()
        except sqlite3.Error as error:
            self.close()
            raise SignerError(f"the signer cannot read the database: {error}") from error
        return None if row is None else Tree(int(row[0]), bytes(row[1]))

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


class _Postgresql:
    def __init__(self, address: str) -> None:
        self._address = address
        self._runner: asyncio.Runner | None = None
        self._connection: asyncpg.Connection | None = None

    def read(self, origin: str) -> Tree | None:
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            return self._runner.run(self._read(origin))
        except (OSError, ValueError, PostgresError, InterfaceError) as error:
            self._connection = None
            # What a driver says may hold the address with its password.
            raise SignerError(f"the signer cannot read the database ({type(error).__name__})") from None

    def close(self) -> None:
        runner, self._runner = self._runner, None
        connection, self._connection = self._connection, None
        if runner is not None:
            if connection is not None:
                with contextlib.suppress(OSError, PostgresError, InterfaceError):
                    runner.run(connection.close(timeout=_SECONDS))
            runner.close()

    async def _read(self, origin: str) -> Tree | None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._address, timeout=_SECONDS, command_timeout=_SECONDS
            )
        row = await self._connection.fetchrow("SELECT size, root FROM logs WHERE origin = $1", origin)
        return None if row is None else Tree(int(row["size"]), bytes(row["root"]))
