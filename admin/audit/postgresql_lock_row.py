"""The lock row as a signer reads it from PostgreSQL, by a connection of its own. Nothing is written here.

The one statement here names the table of ``admin.store.log_tables``; a test holds the two together.
"""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg
from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError

from admin.audit.bundles import Tree
from admin.audit.lock_row import SECONDS
from admin.audit.signing import SignerError

_FAULTS = (OSError, ValueError, PostgresError, InterfaceError, InternalClientError)


class PostgresqlLockRow:
    """``admin.audit.lock_row.LockReader`` over PostgreSQL."""

    def __init__(self, address: str) -> None:
        """Nothing is opened before it is asked."""
        self._address = address
        self._runner: asyncio.Runner | None = None
        self._connection: asyncpg.Connection | None = None

    def read(self, origin: str) -> Tree | None:
        """As ``LockReader``."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        was_open = self._connection is not None
        try:
            return self._runner.run(self._read(origin))
        except _FAULTS as error:
            self._drop()
            if was_open and not isinstance(error, TimeoutError):
                return self.read(origin)  # a server that was restarted leaves a dead connection behind
            # What a driver says may hold the address with its password.
            raise SignerError(f"the signer cannot read the database ({type(error).__name__})") from None

    def close(self) -> None:
        """As ``LockReader``."""
        runner, self._runner = self._runner, None
        connection, self._connection = self._connection, None
        if runner is not None:
            if connection is not None:
                with contextlib.suppress(OSError, PostgresError, InterfaceError):
                    runner.run(connection.close(timeout=SECONDS))
            runner.close()

    def _drop(self) -> None:
        """Cut the connection: what it would still say is the answer to another question, and nobody else closes it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _read(self, origin: str) -> Tree | None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._address, timeout=SECONDS, command_timeout=SECONDS)
        row = await self._connection.fetchrow("SELECT size, root FROM logs WHERE origin = $1", origin)
        return None if row is None else Tree(int(row["size"]), bytes(row["root"]))
