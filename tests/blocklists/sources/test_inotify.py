"""The kernel's events on folders."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocklists.sources.inotify import Inotify


@pytest.fixture
def queue() -> Iterator[Inotify]:
    made = Inotify()
    yield made
    made.close()


def _is_readable(queue: Inotify) -> bool:
    return bool(select.select([queue.fileno()], [], [], 0)[0])


def test_only_finished_changes_are_events(queue: Inotify, tmp_path: Path) -> None:
    (tmp_path / "list.txt").touch()
    queue.watch(tmp_path)
    with (tmp_path / "list.txt").open("w") as file:
        file.write("half of")
        file.flush()
        os.fsync(file.fileno())
        assert not _is_readable(queue)
    assert _is_readable(queue)
    assert queue.drain()
    assert not queue.drain()
    (tmp_path / "list.txt").rename(tmp_path / "other.txt")
    assert queue.drain()
    (tmp_path / "other.txt").unlink()
    assert queue.drain()


def test_more_events_than_fit_into_one_read(queue: Inotify, tmp_path: Path) -> None:
    queue.watch(tmp_path)
    for number in range(3_000):
        (tmp_path / f"{number:0>100}").touch()
    assert queue.drain()
    assert not _is_readable(queue)


def test_a_watch_that_has_ended(queue: Inotify, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    number = queue.watch(folder)
    assert queue.watch(folder) == number
    folder.rmdir()
    assert queue.drain()
    queue.unwatch(number)
    folder.mkdir()
    assert queue.watch(folder) != number
    queue.unwatch(queue.watch(folder))
    queue.drain()
    (folder / "list.txt").touch()
    assert not queue.drain()


def test_what_cannot_be_watched(queue: Inotify, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file"):
        queue.watch(tmp_path / "file")
    with pytest.raises(FileNotFoundError, match="gone"):
        queue.watch(tmp_path / "gone")
