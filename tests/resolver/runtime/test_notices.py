"""The kernel's word about a folder: it comes for every change of a name, and its absence is no error."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from resolver.runtime import notices as module
from resolver.runtime.notices import FolderNotices, folder_notices

CHANGES: dict[str, Callable[[Path], object]] = {
    "a file is made": lambda folder: (folder / "new").write_bytes(b""),
    "a file is replaced": lambda folder: (folder / "old").replace(folder / "other"),
    "a link is moved": lambda folder: (folder / "link").rename(folder / "current"),
    "a file is removed": lambda folder: (folder / "old").unlink(),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old").write_bytes(b"")
    (tmp_path / "other").write_bytes(b"")
    (tmp_path / "link").symlink_to("old")
    return tmp_path


@pytest.mark.parametrize("change", CHANGES)
async def test_each_change_is_noticed_and_nothing_else(folder: Path, change: str) -> None:
    with folder_notices(folder) as notices:
        assert notices is not None
        (folder / "old").read_bytes()
        await asyncio.sleep(0)
        assert not notices.happened.is_set()
        CHANGES[change](folder)
        await asyncio.wait_for(notices.happened.wait(), 30)
        notices.happened.clear()
        (folder / "again").write_bytes(b"")
        await asyncio.wait_for(notices.happened.wait(), 30)


async def test_many_changes_are_all_read(folder: Path) -> None:
    with folder_notices(folder) as notices:
        assert notices is not None
        for number in range(2_000):
            (folder / f"file-{number}").write_bytes(b"")
        await asyncio.wait_for(notices.happened.wait(), 30)


async def test_no_folder_no_notices(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with folder_notices(tmp_path / "nothing") as notices:
        assert notices is None
    with pytest.raises(FileNotFoundError):
        FolderNotices(tmp_path / "nothing")
    assert set(os.listdir("/proc/self/fd")) == before


async def test_a_kernel_that_grants_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        @staticmethod
        def inotify_init1(_: int) -> int:
            return -1

    monkeypatch.setattr(module, "_libc", Refusing)
    with folder_notices(folder) as notices:
        assert notices is None


async def test_descriptors_are_given_back(folder: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with folder_notices(folder):
        assert len(os.listdir("/proc/self/fd")) == before + 1
    assert len(os.listdir("/proc/self/fd")) == before
