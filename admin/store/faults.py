"""What drivers say of a database that cannot be used, in words for the operator. Pure.

The drivers' own messages may carry statements with their values (a subscriber's address, a document): they are used to
tell one fault from another, and only the part that names the fault is passed on.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from admin.config.database import SQLITE

_FAULTS = (DBAPIError, PoolTimeoutError, OSError)
"""What both drivers raise of themselves (TimeoutError is an OSError)."""

_SQLITE: Mapping[str, str] = {
    "database is locked": "another process keeps it locked; end that process, or try again in a moment",
    "database or disk is full": "the disk is full; make room",
    "disk i/o error": "the disk fails (input/output error); look at the system's log",
    "attempt to write a readonly database": "it cannot be written; check the owner and rights of file and folder",
    "unable to open database file": "it cannot be opened; check that the folder exists, and its owner and rights",
    "file is not a database": "this file is no database; restore a backup, or move it away to begin anew",
    "database disk image is malformed": "the file is damaged; restore a backup",
}
"""By what SQLite says (sqlite3ErrStr)."""

_CUT = "the server has cut the connection; look what is there before you repeat what was asked"
_POSTGRESQL: Mapping[str, str] = {
    "InvalidPasswordError": "the server refuses the password; check admin.database",
    "InvalidAuthorizationSpecificationError": "the server refuses the user; check admin.database and pg_hba.conf",
    "InvalidCatalogNameError": "the server has no such database; create it (createdb) or check admin.database",
    "InsufficientPrivilegeError": "the user lacks rights; it must own its database, or its schema",
    "LockNotAvailableError": "another process is writing; try again in a moment",
    "DiskFullError": "the server's disk is full; make room there",
    "ReadOnlySQLTransactionError": "the server only reads (a standby?); name the primary in admin.database",
    "TooManyConnectionsError": "the server has no connection left; raise max_connections there",
    "CannotConnectNowError": "the server is starting or stopping; this is tried again",
    "AdminShutdownError": _CUT,
    "ConnectionDoesNotExistError": _CUT,
    "InternalClientError": _CUT,
}
"""By the name of the driver's exception (asyncpg.exceptions)."""


def faults_of(name: str) -> tuple[type[Exception], ...]:
    """What may be raised by whatever uses the database called ``name``, for an ``except`` clause."""
    if name.startswith(SQLITE):
        return _FAULTS
    # No start with SQLite waits for this driver.
    from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError

    return (*_FAULTS, PostgresError, InterfaceError, InternalClientError)


def in_words(name: str, error: Exception) -> str:
    """One sentence about the database called ``name``: what is wrong, and what to do."""
    cause = _cause(error)
    if name.startswith(SQLITE) and isinstance(cause, OSError):
        return f"{name}: it cannot be opened ({cause.strerror}); check the folder, its owner and its rights"
    return f"{name}: {_reason(cause)}"


def _cause(error: Exception) -> BaseException:
    """The driver's own exception."""
    cause: BaseException = error.orig if isinstance(error, DBAPIError) and error.orig else error
    # SQLAlchemy wraps what asyncpg raises once more.
    return cause.__cause__ if type(cause).__name__ not in _POSTGRESQL and cause.__cause__ else cause


def _reason(cause: BaseException) -> str:
    if isinstance(cause, PoolTimeoutError):
        return "all connections are busy; try again in a moment"
    if words := _POSTGRESQL.get(type(cause).__name__):
        return words
    said = str(cause).lower()
    for phrase, words in _SQLITE.items():
        if phrase in said:
            return words
    if isinstance(cause, TimeoutError):
        return "it does not answer in time; check that the server runs and can be reached"
    if isinstance(cause, OSError):
        return f"it cannot be reached ({cause.strerror or type(cause).__name__}); check that the server runs"
    return f"it cannot be used now ({type(cause).__name__})"
