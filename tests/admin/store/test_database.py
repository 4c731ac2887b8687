"""Opening, transactions, and everything that can be wrong with a database; on SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy import Connection, insert, inspect, select, text

import admin.store.database as module
import admin.store.engines as engines
from admin.audit.events import Event, EventKind
from admin.services.actors import Actor, ActorKind
from admin.store.database import Database, Transaction
from admin.store.errors import NewerError, UnavailableError
from admin.store.tables import CategoryRow, EventRow

ACTOR = Actor.of_the_box(ActorKind.LOCAL, "root")


def note(transaction: Transaction, subject: str = "bets") -> None:
    transaction.record(Event(EventKind.LIST_CHANGED, subject), ACTOR, 7.0)


def category(name: str) -> CategoryRow:
    return CategoryRow(id=name, document={"title": name}, revision=1, created=1.0, changed=1.0)


async def sequences(database: Database) -> list[int]:
    async with database.reading() as transaction:
        rows = await transaction.session.scalars(select(EventRow.sequence).order_by(EventRow.sequence))
        return list(rows)


async def test_what_was_committed_is_there_after_a_reopening(address: str, opened: Any) -> None:
    first = await opened(address)
    async with first.transaction() as transaction:
        transaction.session.add(category("homework"))
        note(transaction)
        assert transaction.sequence == 1
    await first.close()
    again = await opened(address)
    async with again.reading() as transaction:
        assert transaction.sequence == 1
        row = await transaction.session.get(CategoryRow, "homework")
        assert row is not None
        assert row.document == {"title": "homework"}
        event = await transaction.session.get(EventRow, 1)
        assert event is not None
        assert (event.kind, event.actor_kind, event.actor_id, event.holder, event.at) == (
            "list.changed",
            "local",
            "root",
            "local:root",
            7.0,
        )


async def test_a_failed_change_leaves_neither_the_change_nor_its_event(database: Database) -> None:
    async with database.transaction() as transaction:
        note(transaction)

    async def fail() -> None:
        async with database.transaction() as transaction:
            transaction.session.add(category("homework"))
            note(transaction)
            await transaction.session.flush()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await fail()
    async with database.transaction() as transaction:
        assert await transaction.session.get(CategoryRow, "homework") is None
        note(transaction)
    assert await sequences(database) == [1, 2]


async def test_writers_of_two_processes_wait_for_each_other(address: str, opened: Any) -> None:
    pair = [await opened(address), await opened(address)]

    async def write(database: Database, times: int) -> None:
        for _ in range(times):
            async with database.transaction() as transaction:
                note(transaction)

    await asyncio.gather(*(write(database, 10) for database in pair for _ in range(3)))
    assert await sequences(pair[0]) == list(range(1, 61))


async def test_two_openings_at_once_migrate_once(address: str, opened: Any) -> None:
    await asyncio.gather(*(opened(address) for _ in range(3)))


async def test_a_reader_sees_one_state_whoever_writes(database: Database) -> None:
    async with database.transaction() as transaction:
        transaction.session.add(category("before"))
    async with database.reading() as reader:
        async with database.transaction() as writer:
            writer.session.add(category("meanwhile"))
        found = list(await reader.session.scalars(select(CategoryRow.id)))
    assert found == ["before"]


async def test_a_reader_cannot_write(database: Database) -> None:

    async def write() -> None:
        async with database.reading() as transaction:
            transaction.session.add(category("homework"))
            await transaction.session.flush()

    with pytest.raises(UnavailableError):
        await write()
    async with database.reading() as transaction:
        assert await transaction.session.get(CategoryRow, "homework") is None


async def test_a_cancelled_writer_leaves_the_turn_to_the_next(database: Database) -> None:
    entered = asyncio.Event()

    async def hang() -> None:
        async with database.transaction() as transaction:
            note(transaction)
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(hang())
    await entered.wait()
    task.cancel()
    await asyncio.wait({task})
    async with database.transaction() as transaction:
        note(transaction)
    assert await sequences(database) == [1]


async def test_a_writer_that_waits_too_long_is_told_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.05)
    async with database.transaction():
        with pytest.raises(UnavailableError, match="other changes are still being written"):
            async with database.transaction():
                pass


async def test_ids_are_sorted_as_bytes(database: Database) -> None:
    names = ["a", "B", "a.b", "a-b", "Ab", "_"]
    async with database.transaction() as transaction:
        transaction.session.add_all(category(name) for name in names)
    async with database.reading() as transaction:
        found = list(await transaction.session.scalars(select(CategoryRow.id).order_by(CategoryRow.id)))
    assert found == sorted(names)


async def test_a_database_of_a_newer_weir_is_left_alone(address: str, opened: Any) -> None:
    database = await opened(address)
    async with database.transaction() as transaction:
        await transaction.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(NewerError, match="newer Weir \\(migration 9999\\)"):
        await Database.open(address)


async def test_postgresql_is_used_again_after_its_connections_were_cut(cluster: Any, opened: Any) -> None:
    address = cluster.new_database()
    database, other = await opened(address), await opened(address)
    async with other.transaction() as transaction:
        await transaction.session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        )
    async with database.transaction() as transaction:
        note(transaction)
    assert await sequences(other) == [1]


async def test_postgresql_that_is_stopped_in_a_transaction_is_said_in_words(
    cluster: Any, opened: Any
) -> None:
    database = await opened(cluster.new_database())

    async def write_while_it_stops() -> None:
        async with database.transaction() as transaction:
            note(transaction)
            cluster.stop()

    try:
        with pytest.raises(UnavailableError):
            await write_while_it_stops()
        with pytest.raises(UnavailableError, match="cannot be reached"):
            await sequences(database)
    finally:
        cluster.start()
    assert await sequences(database) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://weir:geheim@/weir?host=/nowhere", "cannot be reached"),
        ("postgresql://weir:geheim@[::/weir", "no address"),
        ("sqlite:/nowhere/at/all/weir.db", "No such file"),
    ],
)
async def test_what_cannot_be_opened_is_said_without_the_password(url: str, words: str) -> None:
    with pytest.raises(UnavailableError, match=words) as caught:
        await Database.open(url)
    assert "geheim" not in str(caught.value)


async def test_a_database_that_is_missing_on_the_server_is_said(cluster: Any) -> None:
    with pytest.raises(UnavailableError, match="has no such database"):
        await Database.open(f"postgresql://postgres@/nothing?host={cluster.folder}")


# ---- SQLite's own ----


async def test_a_new_file_is_for_its_owner_alone(sqlite_address: str, opened: Any, tmp_path: Path) -> None:
    database = await opened(sqlite_address)
    async with database.transaction() as transaction:
        note(transaction)
    for path in tmp_path.glob("weir.db*"):
        assert path.stat().st_mode & 0o077 == 0


async def test_a_copy_by_sqlite_itself_is_whole_while_weir_writes(
    sqlite_address: str, opened: Any, tmp_path: Path
) -> None:
    database = await opened(sqlite_address)
    async with database.transaction() as transaction:
        note(transaction)
    backup = tmp_path / "copy.db"
    async with database.transaction() as transaction:
        note(transaction)
        await transaction.session.flush()
        connection = sqlite3.connect(tmp_path / "weir.db")
        connection.execute("VACUUM INTO ?", (str(backup),))
        connection.close()
    assert await sequences(await opened(f"sqlite:{backup}")) == [1]


async def test_a_closed_database_is_one_file(sqlite_address: str, tmp_path: Path) -> None:
    database = await Database.open(sqlite_address)
    async with database.transaction() as transaction:
        note(transaction)
    await database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["weir.db"]


async def test_a_file_that_another_process_keeps_locked_is_said(
    sqlite_address: str, opened: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOCK_SECONDS", 0.05)
    database = await opened(sqlite_address)
    other = sqlite3.connect(tmp_path / "weir.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="another process keeps it locked"):
        async with database.transaction():
            pass
    assert await sequences(database) == []
    other.execute("ROLLBACK")
    other.close()
    async with database.transaction() as transaction:
        note(transaction)


async def test_a_full_disk_changes_nothing_and_is_said(sqlite_address: str, opened: Any) -> None:
    database = await opened(sqlite_address)
    async with database.transaction() as transaction:
        pages = await transaction.session.scalar(text("PRAGMA page_count"))
        # What a full file system does at the same place (SQLITE_FULL).
        await transaction.session.execute(text(f"PRAGMA max_page_count = {pages}"))

    async def write() -> None:
        row = CategoryRow(id="x", document={"title": "x" * 100_000}, revision=1, created=1, changed=1)
        async with database.transaction() as transaction:
            transaction.session.add(row)
            note(transaction)

    with pytest.raises(UnavailableError, match="the disk is full"):
        await write()
    async with database.transaction() as transaction:
        assert await transaction.session.get(CategoryRow, "x") is None
        await transaction.session.execute(text("PRAGMA max_page_count = 1000000"))
    async with database.transaction() as transaction:
        note(transaction)
    assert await sequences(database) == [1]


@pytest.mark.parametrize(
    "content", [b"not a database, just text\n" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
async def test_a_damaged_file_is_said_and_left_as_it_is(
    sqlite_address: str, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "weir.db").write_bytes(content)
    with pytest.raises(UnavailableError, match="restore a backup"):
        await Database.open(sqlite_address)
    assert (tmp_path / "weir.db").read_bytes() == content


async def test_foreign_keys_and_full_syncs_are_on(sqlite_address: str, opened: Any) -> None:
    database = await opened(sqlite_address)
    async with database.transaction() as transaction:
        for pragma, value in (("foreign_keys", 1), ("synchronous", 2), ("journal_mode", "wal")):
            assert await transaction.session.scalar(text(f"PRAGMA {pragma}")) == value
        connection = await transaction.session.connection()
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert "events" in tables


async def test_work_in_a_thread_of_its_own_is_committed_or_taken_back(address: str, opened: Any) -> None:
    database = await opened(address)

    def add(connection: Connection, name: str) -> None:
        connection.execute(
            insert(CategoryRow), {"id": name, "document": {}, "revision": 1, "created": 1.0, "changed": 1.0}
        )

    def fail(connection: Connection) -> None:
        add(connection, "lost")
        raise LookupError

    await asyncio.to_thread(database.run_here, lambda connection: add(connection, "kept"))
    with pytest.raises(LookupError):
        await asyncio.to_thread(database.run_here, fail)
    async with database.reading() as transaction:
        assert list(await transaction.session.scalars(select(CategoryRow.id))) == ["kept"]


async def test_a_look_is_one_state_and_writes_nothing(address: str, opened: Any) -> None:
    database = await opened(address)
    async with database.transaction() as transaction:
        note(transaction)

    def read(connection: Connection) -> list[int]:
        return list(connection.scalars(select(EventRow.sequence)))

    def write(connection: Connection) -> None:
        connection.execute(
            insert(CategoryRow), {"id": "x", "document": {}, "revision": 1, "created": 1.0, "changed": 1.0}
        )

    assert await database.look(read) == [1]
    with pytest.raises(UnavailableError, match=r"cannot be written|only reads"):
        await database.look(write)
    async with database.transaction() as transaction:
        note(transaction)
        assert await database.look(read) == [1]
    assert await database.look(read) == [1, 2]


async def test_a_look_takes_one_turn_of_the_loop(
    sqlite_address: str, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request with a token looks it up: on a busy loop each turn is as long as what all others do in it."""
    database, loop = await opened(sqlite_address), asyncio.get_running_loop()
    turns = Mock(side_effect=loop.call_soon_threadsafe)
    monkeypatch.setattr(loop, "call_soon_threadsafe", turns)
    await database.look(lambda connection: list(connection.scalars(select(EventRow.sequence))))
    assert turns.call_count <= 2
