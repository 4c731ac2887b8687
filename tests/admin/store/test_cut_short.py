"""Whoever is cancelled while it uses the database leaves no lock, no reader and no thread behind, wherever it was."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Coroutine
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from admin.store.database import Database
from admin.store.engines import LOCK_SECONDS
from admin.store.tables import CategoryRow

Use = Callable[[Database, str], Coroutine[Any, Any, None]]


async def write(database: Database, name: str) -> None:
    async with database.transaction() as transaction:
        transaction.session.add(CategoryRow(id=name, document={}, revision=1, created=1.0, changed=1.0))
        await transaction.session.flush()
        await transaction.session.scalars(select(CategoryRow.id))


async def read(database: Database, _: str) -> None:
    async with database.reading() as transaction:
        await transaction.session.scalars(select(CategoryRow.id))


def add(connection: Connection, name: str) -> None:
    values = {"id": name, "document": {}, "revision": 1, "created": 1.0, "changed": 1.0}
    connection.execute(insert(CategoryRow), values)


async def run(database: Database, name: str) -> None:
    await database.run(lambda connection: add(connection, name))


class Cut(Coroutine[Any, Any, None]):
    """Does some work in the task that it runs in, and cancels that at each of the ``places`` where it waits: 0, 1, 2 …"""

    def __init__(self, work: Coroutine[Any, Any, None], places: Collection[int]) -> None:
        self._work, self._places, self._waits = work, places, count()

    def send(self, value: Any) -> Any:
        return self._waited(self._work.send(value))

    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None) -> Any:
        error = kind if isinstance(kind, BaseException) else (value or kind())
        return self._waited(self._work.throw(error))

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Any:
        raise AssertionError("only a task does this work")

    def _waited(self, future: Any) -> Any:
        if next(self._waits) in self._places:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        return future


async def cut(work: Coroutine[Any, Any, None], *places: int) -> bool:
    """Whether it was cancelled; False when it had ended before. What it leaves in its traceback stays there."""
    task = asyncio.create_task(Cut(work, places))
    await asyncio.wait({task})
    return task.cancelled()


@pytest.mark.parametrize("use", [write, read, run])
@pytest.mark.parametrize("times", [1, 2])
async def test_the_next_writer_gets_its_turn(address: str, opened: Any, use: Use, times: int) -> None:
    database, other = await opened(address), await opened(address)
    for place in count():
        is_cut = await cut(use(database, f"a{place}"), *range(place, place + times))
        await write(other, f"b{place}")
        await write(database, f"c{place}")
        if not is_cut:
            break
    assert place > 0


async def test_no_reader_keeps_the_log_from_being_folded(
    sqlite_address: str, opened: Any, tmp_path: Path
) -> None:
    database = await opened(sqlite_address)

    def fold() -> tuple[int, int, int]:
        with contextlib.closing(sqlite3.connect(tmp_path / "weir.db", timeout=LOCK_SECONDS)) as other:
            found: tuple[int, int, int] = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return found

    for place in count():
        await write(database, f"a{place}")
        is_cut = await cut(read(database, ""), place)
        assert await asyncio.to_thread(fold) == (0, 0, 0)
        if not is_cut:
            break


async def test_an_opening_leaves_no_thread(sqlite_address: str, opened: Any) -> None:
    await (await opened(sqlite_address)).close()

    async def open_and_close() -> None:
        await (await Database.open(sqlite_address)).close()

    before = set(threading.enumerate())
    for place in count():
        if not await cut(open_and_close(), place):
            break
    async with asyncio.timeout(60):
        while set(threading.enumerate()) - before:
            await asyncio.sleep(0.001)


async def test_work_in_a_thread_is_waited_for(sqlite_address: str, tmp_path: Path) -> None:
    """Closed behind it, the database is one file: nobody uses it any more."""
    database = await Database.open(sqlite_address)
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work(connection: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(10)
        add(connection, "kept")

    task = asyncio.ensure_future(database.run(work))
    await begun.wait()
    task.cancel()
    loop.call_soon(go_on.set)
    await asyncio.wait({task})
    assert task.cancelled()
    await database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["weir.db"]
    again = await Database.open(sqlite_address)
    async with again.reading() as transaction:
        assert await transaction.session.get(CategoryRow, "kept") is not None
    await again.close()
