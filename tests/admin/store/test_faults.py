"""What drivers say, in words for the operator; never what they quote."""

from __future__ import annotations

import sqlite3

import pytest
from asyncpg import exceptions as asyncpg
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from admin.store.faults import in_words

SECRET = "192.0.2.77 of subscriber anna"


def wrapped(error: Exception) -> OperationalError:
    return OperationalError(f"INSERT … {SECRET}", {"address": SECRET}, error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (wrapped(sqlite3.OperationalError("database is locked")), "another process keeps it locked"),
        (wrapped(sqlite3.OperationalError("database or disk is full")), "make room"),
        (wrapped(sqlite3.OperationalError("disk I/O error")), "look at the system's log"),
        (wrapped(sqlite3.DatabaseError("database disk image is malformed")), "restore a backup"),
        (wrapped(sqlite3.OperationalError("attempt to write a readonly database")), "owner and rights"),
        (asyncpg.InvalidPasswordError(SECRET), "refuses the password"),
        (asyncpg.DiskFullError(SECRET), "the server's disk is full"),
        (asyncpg.LockNotAvailableError(SECRET), "another process is writing"),
        (asyncpg.ReadOnlySQLTransactionError(SECRET), "name the primary"),
        (wrapped(asyncpg.ConnectionDoesNotExistError(SECRET)), "look what is there before you repeat"),
        (asyncpg.AdminShutdownError(SECRET), "look what is there before you repeat"),
        (wrapped(asyncpg.InternalClientError(SECRET)), "look what is there before you repeat"),
        (asyncpg.UniqueViolationError(SECRET), "cannot be used now (UniqueViolationError)"),
        (PoolTimeoutError(), "all connections are busy"),
        (TimeoutError(), "does not answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), "cannot be reached (Connection refused)"),
    ],
)
def test_every_fault_has_words_and_repeats_no_data(error: Exception, words: str) -> None:
    said = in_words("postgresql://db/weir", error)
    assert words in said
    assert said.startswith("postgresql://db/weir: ")
    assert SECRET not in said


def test_a_file_that_cannot_be_opened_is_not_a_server() -> None:
    said = in_words("sqlite:/var/lib/weir/weir.db", PermissionError(13, "Permission denied"))
    assert "cannot be opened (Permission denied)" in said
