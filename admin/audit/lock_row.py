"""How a signer reads the lock row by itself: past the process that asks it to sign, and past what that believes.

The one statement here names the table of ``admin.store.log_tables``; a test holds the two together.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Protocol
from urllib.parse import quote

from admin.audit.bundles import Tree
from admin.audit.signing import SignerError
from admin.config.database import SQLITE


class LockReader(Protocol):
    """Reads lock rows. Used by one thread at a time."""

    def read(self, origin: str) -> Tree | None:
        """How far that log has come; None: it was never begun. SignerError: that cannot be told."""

    def close(self) -> None:
        """Let go of the database."""


SECONDS = 5.0
"""That a database may take."""


def lock_reader(address: str) -> LockReader:
    """For the address of a database as ``admin.store.address`` has it. Nothing is opened before it is asked."""
    scheme, _, rest = address.partition(":")
    if scheme == SQLITE:
        return _Sqlite(rest)
    # A third of what a signer costs at a start, which waits for it.
    from admin.audit.postgresql_lock_row import PostgresqlLockRow

    return PostgresqlLockRow(address)


class _Sqlite:
    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def read(self, origin: str) -> Tree | None:
        try:
            if self._connection is None:
                uri = f"file:{quote(self._path)}?mode=ro"
                self._connection = sqlite3.connect(
                    uri, uri=True, timeout=SECONDS, isolation_level=None, check_same_thread=False
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
