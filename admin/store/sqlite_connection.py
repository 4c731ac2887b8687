"""A connection to SQLite that ends when it is closed. What is asked over it, never.

SQLite keeps a closed connection alive, with its transaction and its lock, while a statement of it is not finished
(sqlite3_close_v2). A task that is cancelled in the middle of a question leaves such a statement in its traceback.
"""

from __future__ import annotations

import sqlite3
from typing import Any
from weakref import WeakSet


class SqliteConnection(sqlite3.Connection):
    """What the drivers open (``factory`` of ``sqlite3.connect``); used by one thread at a time."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """As ``sqlite3.Connection``."""
        super().__init__(*args, **options)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def cursor(self, *args: Any, **options: Any) -> Any:
        """As ``sqlite3.Connection``."""
        made = super().cursor(*args, **options)
        self._cursors.add(made)
        return made

    def close(self) -> None:
        """End every statement, take back the transaction if one is open, and let go of the file and its locks."""
        for cursor in list(self._cursors):
            cursor.close()
        super().close()
