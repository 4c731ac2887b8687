"""Lists in files: every way in which a path can be no list."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from blocklists.model import ListSource, ListVersion
from blocklists.sources import FetchError, Known, NotModified, fetch
from blocklists.sources.file import SETTLED, file_path, read_file

Make = Callable[..., ListSource]


@pytest.mark.parametrize("form", ["file:{}", "file://{}", "file://localhost{}", "{}"])
async def test_a_file_is_read(form: str, tmp_path: Path, source: Make) -> None:
    path = tmp_path / "a 100% list.txt"
    path.write_bytes(b"bets.example\n")
    version = await fetch(source(url=form.format(path)), now=1234.5)
    assert isinstance(version, ListVersion)
    assert version.data == b"bets.example\n"
    assert version.digest == hashlib.sha256(b"bets.example\n").hexdigest()
    assert (version.source_id, version.fetched, version.etag) == ("test", 1234.5, "")


def _settled(path: Path, data: bytes) -> float:
    """Write the file; a moment at which its last change is long past."""
    path.write_bytes(data)
    return path.stat().st_ctime + SETTLED + 1.0


async def _validator(source: ListSource, now: float) -> Known:
    version = await fetch(source, now=now)
    assert isinstance(version, ListVersion)
    return Known(version.etag, version.last_modified)


async def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path, source: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list.txt"
    now, file = _settled(path, b"one.example\n"), source(url=f"file:{path}")
    known = await _validator(file, now)
    with monkeypatch.context() as patched:
        patched.setattr("blocklists.sources.file.read_file", None)
        assert await fetch(file, known=known, now=now) == NotModified()
    with pytest.raises(FetchError, match="larger than 3 bytes"):
        await fetch(replace(file, max_size=3), known=known, now=now)


@pytest.mark.parametrize("way", ["written", "replaced", "just written"])
async def test_a_changed_file_is_read_though_size_and_date_are_as_before(
    way: str, tmp_path: Path, source: Make
) -> None:
    path = tmp_path / "list.txt"
    now, file = _settled(path, b"one.example\n"), source(url=f"file:{path}")
    known, before = await _validator(file, now), path.stat()
    target = tmp_path / "new.txt" if way == "replaced" else path
    target.write_bytes(b"two.example\n")
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    target.rename(path)
    moment = 0.0 if way == "just written" else path.stat().st_ctime + SETTLED + 1.0
    version = await fetch(file, known=known, now=moment)
    assert isinstance(version, ListVersion)
    assert version.data == b"two.example\n"
    assert (version.etag == "") is (way == "just written")


async def test_a_file_that_changes_under_the_reader_has_no_validator(
    tmp_path: Path, source: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list.txt"
    now = _settled(path, b"one.example\n")

    def read_slowly(path: Path, limit: int) -> bytes:
        data = read_file(path, limit)
        path.write_bytes(b"one.example\ntwo.example\n")
        return data

    monkeypatch.setattr("blocklists.sources.file.read_file", read_slowly)
    assert await _validator(source(url=f"file:{path}"), now + 60.0) == Known()


def test_a_relative_path_stays_relative() -> None:
    assert file_path("file:lists/a.txt") == Path("lists/a.txt")


async def _fault(source: ListSource) -> str:
    with pytest.raises(FetchError) as caught:
        await fetch(source, now=0.0)
    return str(caught.value)


async def test_missing(tmp_path: Path, source: Make) -> None:
    message = await _fault(source(url=f"file:{tmp_path}/no.txt"))
    assert message == f"{tmp_path}/no.txt: no such file; check the list's url"


async def test_a_folder_a_pipe_and_a_device_are_no_lists(tmp_path: Path, source: Make) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert "not a regular file" in await _fault(source(url=f"file:{path}"))


async def test_unreadable(tmp_path: Path, source: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # the tests may run as root, who reads everything
    assert "not readable for the user" in await _fault(source(url=f"file:{tmp_path}/list.txt"))


async def test_other_faults_name_the_path_and_the_cause(tmp_path: Path, source: Make) -> None:
    (tmp_path / "file").touch()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert "Not a directory" in await _fault(source(url=f"file:{tmp_path}/file/list.txt"))
    assert "symbolic links" in await _fault(source(url=f"file:{loop}"))
    assert "cannot be read" in await _fault(source(url="file:/a\0b"))


async def test_the_size_ceiling(tmp_path: Path, source: Make) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"x" * 100)
    version = await fetch(source(url=f"file:{path}", max_size=100), now=0.0)
    assert isinstance(version, ListVersion)
    assert "larger than 99 bytes" in await _fault(source(url=f"file:{path}", max_size=99))
