"""Lists in files: every way in which a path can be no list."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from blocklists.model import ListSource, ListVersion
from blocklists.sources import FetchError, Known, NotModified, fetch
from blocklists.sources.file import READINGS, file_state
from blocklists.sources.parts import MAX_PARTS, SETTLED
from blocklists.sources.reading import file_path, read_file

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


@pytest.mark.parametrize(("changes", "taken"), [(1, True), (READINGS, False)])
async def test_half_of_a_version_is_never_taken(
    changes: int, taken: bool, tmp_path: Path, source: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list.txt"
    now = _settled(path, b"0.example\n")
    left = changes

    def read_slowly(path: Path, limit: int) -> bytes:
        nonlocal left
        data = read_file(path, limit)
        if left:
            left -= 1
            path.write_bytes(data + b"more.example\n")
        return data

    monkeypatch.setattr("blocklists.sources.file.read_file", read_slowly)
    if not taken:
        assert "is being written to" in await _fault(source(url=f"file:{path}"))
        return
    version = await fetch(source(url=f"file:{path}"), now=now)
    assert isinstance(version, ListVersion)
    assert version.data == path.read_bytes()


def test_a_relative_path_stays_relative() -> None:
    assert file_path("file:lists/a.txt") == Path("lists/a.txt")


async def _fault(source: ListSource) -> str:
    with pytest.raises(FetchError) as caught:
        await fetch(source, now=0.0)
    return str(caught.value)


async def test_missing(tmp_path: Path, source: Make) -> None:
    message = await _fault(source(url=f"file:{tmp_path}/no.txt"))
    assert message == f"{tmp_path}/no.txt: no such file; check the list's url"


async def test_a_pipe_and_a_device_are_no_lists(tmp_path: Path, source: Make) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        assert "not a regular file" in await _fault(source(url=f"file:{path}"))


async def test_unreadable(tmp_path: Path, source: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "list.txt").touch()
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


# ---- folders, patterns, packed files ----


async def _text(source: ListSource) -> bytes:
    version = await fetch(source, now=0.0)
    assert isinstance(version, ListVersion)
    return version.data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three parts, and what stands beside lists in real folders."""
    made = tmp_path / "lists"
    made.mkdir()
    (made / "b.txt").write_bytes(b"b.example")
    (made / "a.txt").write_bytes(gzip.compress(b"a.example\n"))
    (made / "c.list").write_bytes(b"c.example\n")
    for other in (".hidden", "new.txt.tmp", "a.txt~", "x.swp", "y.PART"):
        (made / other).write_bytes(b"not.this.example\n")
    (made / "sub").mkdir()
    return made


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", b"a.example\nb.example\nc.example\n"),
        ("/", b"a.example\nb.example\nc.example\n"),
        ("/*.txt", b"a.example\nb.example\n"),
        ("/[bc].*", b"b.example\nc.example\n"),
        ("/?.list", b"c.example\n"),
    ],
)
async def test_a_folder_and_a_pattern(path: str, text: bytes, folder: Path, source: Make) -> None:
    assert await _text(source(url=f"file:{folder}{path}")) == text


async def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path, source: Make) -> None:
    (tmp_path / "a*.txt").write_bytes(b"this.example\n")
    (tmp_path / "ab.txt").write_bytes(b"other.example\n")
    assert await _text(source(url=f"file:{tmp_path}/a*.txt")) == b"this.example\n"


@pytest.mark.parametrize("change", ["added", "removed", "changed", "replaced", "renamed"])
async def test_every_change_in_a_folder_is_seen(change: str, folder: Path, source: Make) -> None:
    listed = source(url=f"file:{folder}")
    now = folder.stat().st_ctime + SETTLED + 1.0
    known = await _validator(listed, now)
    assert known.etag
    assert await fetch(listed, known=known, now=now) == NotModified()
    state = file_state(listed)
    match change:
        case "added":
            (folder / "d.txt").touch()
        case "removed":
            (folder / "b.txt").unlink()
        case "changed":
            with (folder / "b.txt").open("ab") as file:
                file.write(b"more")
        case "replaced":
            (folder / ".new").write_bytes(b"x.example")
            (folder / ".new").rename(folder / "b.txt")
        case _:
            (folder / "b.txt").rename(folder / "z.txt")
    assert file_state(listed) != state
    assert isinstance(await fetch(listed, known=known, now=now + 60.0), ListVersion)


async def test_a_folder_without_lists_or_with_too_many(tmp_path: Path, source: Make) -> None:
    assert "no list there" in await _fault(source(url=f"file:{tmp_path}"))
    assert "no list there" in await _fault(source(url=f"file:{tmp_path}/*.txt"))
    assert "no such file" in await _fault(source(url=f"file:{tmp_path}/gone/*.txt"))
    assert file_state(source(url=f"file:{tmp_path}/gone/*.txt")) == ""
    for number in range(MAX_PARTS + 1):
        (tmp_path / f"{number}").touch()
    assert "more than 1,000 files" in await _fault(source(url=f"file:{tmp_path}"))


async def test_the_ceilings_hold_for_all_parts_together(folder: Path, source: Make) -> None:
    text = await _text(source(url=f"file:{folder}", max_size=60))
    assert len(text) == 30
    assert "larger than" in await _fault(source(url=f"file:{folder}", max_size=29))
    (folder / "a.txt").write_bytes(gzip.compress(bytes(4_000_000)))
    assert "gzip bomb" in await _fault(source(url=f"file:{folder}"))
    assert "larger than" in await _fault(source(url=f"file:{folder}", max_size=100_000))
    (folder / "a.txt").write_bytes(gzip.compress(b"a.example\n" * 99)[:-5])
    assert "cut short" in await _fault(source(url=f"file:{folder}"))


async def test_a_full_disk_does_not_keep_lists_from_being_read(
    tmp_path: Path, source: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading writes nothing, anywhere: neither a full disk nor a kill can leave half of anything."""
    (tmp_path / "list.gz").write_bytes(gzip.compress(b"a.example\n"))
    opened = os.open

    def read_only(path: str, flags: int, *more: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, flags, *more)

    monkeypatch.setattr(os, "open", read_only)
    monkeypatch.setattr("builtins.open", None)
    assert await _text(source(url=f"file:{tmp_path}/list.gz")) == b"a.example\n"
