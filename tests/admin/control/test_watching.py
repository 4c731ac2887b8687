"""Files of lists that are written, replaced, removed and come back: each change is called for once, and soon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from admin.control.watching import FileWatcher
from blocklists.model import Kind, ListSource
from blocklists.properties import Fetching, Signature, SignatureKind
from blocklists.sources.file import file_state


def _list(list_id: str, path: Path, signature: Signature | None = None) -> ListSource:
    fetching = Fetching(signature=signature)
    return ListSource(list_id, f"file:{path}", "domains", Kind.CATEGORY, categories=("x",), fetching=fetching)


@dataclass
class Calls:
    """What was called for, and the states that control says it has read."""

    calls: asyncio.Queue[set[str]] = field(default_factory=asyncio.Queue)
    tags: dict[str, str] = field(default_factory=dict)

    def call(self, list_ids: Collection[str]) -> None:
        self.calls.put_nowait(set(list_ids))

    async def next(self) -> set[str]:
        async with asyncio.timeout(60):
            return await self.calls.get()

    def follow(self, *sources: ListSource) -> tuple[ListSource, ...]:
        """As if control had read them as they are now."""
        self.tags = {source.id: file_state(source) for source in sources}
        return sources


@pytest.fixture
async def calls() -> Calls:
    return Calls()


@pytest.fixture
async def watcher(calls: Calls) -> AsyncIterator[FileWatcher]:
    made = FileWatcher(calls.call, lambda list_id: calls.tags.get(list_id, ""))
    yield made
    made.close()


def _write(path: Path) -> None:
    path.write_text("new.example\n")


def _append(path: Path) -> None:
    with path.open("a") as file:
        file.write("more.example\n")


def _replace(path: Path) -> None:
    beside = path.with_name(".new")
    beside.write_text("replaced.example\n")
    beside.rename(path)


def _remove(path: Path) -> None:
    path.unlink()


def _relink(path: Path) -> None:
    """As container platforms put a new version of a folder in place."""
    version = path.parent / "version2"
    version.mkdir()
    (version / "list").write_text("linked.example\n")
    (path.parent / ".link").symlink_to(version / "list")
    (path.parent / ".link").rename(path)


CHANGES = [_write, _append, _replace, _remove, _relink]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_blind", [False, True])
async def test_a_change_is_called_for(
    change: Callable[[Path], None],
    is_blind: bool,
    tmp_path: Path,
    calls: Calls,
    watcher: FileWatcher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if is_blind:
        monkeypatch.setattr("blocklists.sources.inotify.Inotify", _refuse)
        monkeypatch.setattr("admin.control.watching.POLL_BLIND", 0.02)
    path = tmp_path / "list.txt"
    path.write_text("old.example\n")
    (tmp_path / "still.txt").write_text("still.example\n")
    await watcher.follow(calls.follow(_list("bets", path), _list("still", tmp_path / "still.txt")))
    change(path)
    assert await calls.next() == {"bets"}
    assert calls.calls.empty()


def _refuse() -> None:
    raise OSError(24, "Too many open files")


async def test_a_file_that_is_away_and_comes_back(
    tmp_path: Path, calls: Calls, watcher: FileWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.control.watching.POLL_BLIND", 0.02)
    path = tmp_path / "folder" / "list.txt"
    await watcher.follow(calls.follow(_list("bets", path)))
    for _ in range(2):
        path.parent.mkdir()
        path.write_text("a.example\n")
        assert await calls.next() == {"bets"}
        path.unlink()
        path.parent.rmdir()
        assert await calls.next() == {"bets"}


async def test_a_part_of_a_folder(tmp_path: Path, calls: Calls, watcher: FileWatcher) -> None:
    (tmp_path / "a.txt").write_text("a.example\n")
    await watcher.follow(calls.follow(_list("bets", tmp_path), _list("txt", tmp_path / "*.txt")))
    (tmp_path / "b.list").write_text("b.example\n")
    assert await calls.next() == {"bets"}
    (tmp_path / "b.txt").write_text("b.example\n")
    assert await calls.next() == {"bets", "txt"}


async def test_a_signature_that_comes_later(tmp_path: Path, calls: Calls, watcher: FileWatcher) -> None:
    path = tmp_path / "list.txt"
    path.write_text("a.example\n")
    signed = Signature(SignatureKind.MINISIGN, "key.pub")
    await watcher.follow(calls.follow(_list("bets", path, signed)))
    (tmp_path / "list.txt.minisig").write_text("x")
    assert await calls.next() == {"bets"}


async def test_what_changed_before_anybody_watched(
    tmp_path: Path, calls: Calls, watcher: FileWatcher
) -> None:
    path = tmp_path / "list.txt"
    path.write_text("a.example\n")
    sources = calls.follow(_list("bets", path), _list("still", tmp_path / "still.txt"))
    _replace(path)
    await watcher.follow(sources)
    assert await calls.next() == {"bets"}
    await watcher.follow(sources)
    assert calls.calls.empty()


async def test_a_writer_that_takes_its_time_is_waited_for(
    tmp_path: Path, calls: Calls, watcher: FileWatcher
) -> None:
    path = tmp_path / "list.txt"
    path.write_text("a.example\n")
    await watcher.follow(calls.follow(_list("bets", path)))
    whole = 0
    with path.open("a") as file:
        for _ in range(200):
            file.write("more.example\n" * 100)
            file.flush()
            await asyncio.sleep(0)
        whole = os.fstat(file.fileno()).st_size
        assert calls.calls.empty()
    assert await calls.next() == {"bets"}
    assert path.stat().st_size == whole


async def test_lists_that_are_no_longer_followed(tmp_path: Path, calls: Calls, watcher: FileWatcher) -> None:
    one, other = (_list(name, tmp_path / name) for name in ("one", "other"))
    await watcher.follow(calls.follow(one, other))
    await watcher.follow(calls.follow(other))
    (tmp_path / "one").touch()
    (tmp_path / "other").touch()
    assert await calls.next() == {"other"}


async def test_nothing_is_opened_without_files(calls: Calls) -> None:
    before = len(os.listdir("/proc/self/fd"))
    watcher = FileWatcher(calls.call, lambda _: "")
    await watcher.follow([ListSource("web", "https://lists.example/a", "domains", Kind.CATEGORY)])
    assert len(os.listdir("/proc/self/fd")) == before
    watcher.close()
