"""A new generation is taken when it can be, and the last good one stays when it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from blocklists.snapshot.native import IndexKeyError
from resolver.tables import watch as module
from resolver.tables.store import TablesError
from resolver.tables.view import View
from resolver.tables.watch import Reader, watch_prepared


class Source:
    """Stands for the state folder: what the link says, and what opening gives or raises, one after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *outcomes: Any) -> None:
        self.generation: int | None = None
        self.outcomes = list(outcomes)
        self.opened = 0
        monkeypatch.setattr(module, "current_generation", lambda _, staged: self.generation)
        monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
        monkeypatch.setattr(View, "open_any", self.open)

    def open(self, _state: Path, _index_key: bytes | None, *, staged: bool, check: Any) -> Any:
        self.opened += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        name, complaints = outcome if isinstance(outcome, tuple) else (outcome, [])
        return Opened(name, (self.generation or 0) - len(complaints)), complaints


class Opened(str):
    """A view by its name; each complaint is about one newer generation that was passed over."""

    tables: SimpleNamespace

    def __new__(cls, name: str, generation: int) -> Opened:
        view = super().__new__(cls, name)
        view.tables = SimpleNamespace(generation=generation)
        return view


async def _taken(source: Source, wanted: int, prepare: Callable[[Any], Any] = lambda view: view) -> list[Any]:
    taken: list[Any] = []
    done = asyncio.Event()

    def take(view: Any) -> None:
        taken.append(view)
        if len(taken) == wanted:
            done.set()
        else:
            source.generation = (source.generation or 0) + 1

    source.generation = 1
    task = asyncio.ensure_future(watch_prepared(Path(), prepare, take, poll=0.001))
    try:
        await asyncio.wait_for(done.wait(), 30)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return taken


async def test_each_generation_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(monkeypatch, "first", "second")
    assert await _taken(source, 2) == ["first", "second"]
    assert source.opened == 2


@pytest.mark.parametrize("fault", [OSError("too many open files"), MemoryError(), TablesError("damaged")])
async def test_what_cannot_be_opened_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    source = Source(monkeypatch, fault, fault, "whole")
    with structlog.testing.capture_logs() as logs:
        assert await _taken(source, 1) == ["whole"]
    assert [entry["log_level"] for entry in logs] == ["error", "error"]


async def test_what_cannot_be_prepared_leaves_the_last_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(monkeypatch, "bad", "good")

    def prepare(view: str) -> str:
        if view == "bad":
            raise ValueError("no rdata")
        return view

    with structlog.testing.capture_logs() as logs:
        assert await _taken(source, 1, prepare) == ["good"]
    assert "last good one" in logs[0]["event"]


async def test_a_generation_that_was_passed_over_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(monkeypatch, ("older", ["tables-00000002.json: damaged"]))
    with structlog.testing.capture_logs() as logs:
        await _taken(source, 1)
    assert logs[0]["reason"] == "tables-00000002.json: damaged"


async def test_what_is_in_force_is_not_given_up_for_an_older_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files run out for a moment: whatever was blocked since the older generation would be open until the next one."""
    passed_over = ("older", ["tables-00000002.json: too many open files"])
    source = Source(monkeypatch, "first", passed_over, passed_over, "second")
    with structlog.testing.capture_logs() as logs:
        assert await _taken(source, 2) == ["first", "second"]
    assert len(logs) == 1


async def test_an_older_one_at_the_start_serves_until_the_newest_can_be_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Source(monkeypatch, ("older", ["tables-00000003.json: too many open files"]), "newest")
    source.generation = 3
    taken: list[str] = []
    both = asyncio.Event()

    def take(view: Any) -> None:
        taken.append(view)
        if len(taken) == 2:
            both.set()

    task = asyncio.ensure_future(watch_prepared(Path(), lambda view: view, take, poll=0.001))
    try:
        await asyncio.wait_for(both.wait(), 30)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert taken == ["older", "newest"]


async def test_a_taker_that_fails_ends_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(monkeypatch, "view")
    source.generation = 1

    def take(_: Any) -> None:
        raise RuntimeError("cannot take it")

    with pytest.raises(RuntimeError, match="cannot take it"):
        await asyncio.wait_for(watch_prepared(Path(), lambda view: view, take, poll=0.001), 30)


async def test_the_index_key_is_asked_for_at_every_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control may write it after the generation that needs it."""
    keys: list[bytes | None] = [None, b"wrong", b"right"]
    asked: list[bytes | None] = []

    def open_any(_: Path, key: bytes | None, *, staged: bool, check: Any) -> Any:
        asked.append(key)
        if key != b"right":
            raise IndexKeyError("its secret lists were compiled under another index key")
        return Opened("first", 1), []

    source = Source(monkeypatch)
    source.generation = 1
    monkeypatch.setattr(View, "open_any", open_any)
    taken: asyncio.Queue[Any] = asyncio.Queue()
    watching = watch_prepared(
        Path(), lambda view: view, taken.put_nowait, Reader(lambda: keys.pop(0)), poll=0.001
    )
    task = asyncio.ensure_future(watching)
    try:
        assert await asyncio.wait_for(taken.get(), 30) == "first"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert asked == [None, b"wrong", b"right"]


async def test_the_kernels_notice_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "NOTICED_SECONDS", 60.0)
    source = Source(monkeypatch, "first", "second")
    source.generation = 1
    taken: list[Any] = []
    done = asyncio.Event()

    def take(view: Any) -> None:
        taken.append(view)
        source.generation = 2
        (tmp_path / f"change-{len(taken)}").write_bytes(b"")
        if len(taken) == 2:
            done.set()

    task = asyncio.ensure_future(watch_prepared(tmp_path, lambda view: view, take))
    try:
        await asyncio.wait_for(done.wait(), 30)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert taken == ["first", "second"]


async def test_a_folder_without_notices_is_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = Source(monkeypatch, "first")
    taken: list[Any] = []
    done = asyncio.Event()

    def take(view: Any) -> None:
        taken.append(view)
        done.set()

    task = asyncio.ensure_future(watch_prepared(tmp_path / "not there yet", lambda view: view, take))
    await asyncio.sleep(0)
    source.generation = 1
    try:
        await asyncio.wait_for(done.wait(), 30)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert taken == ["first"]
