"""Where the shared cache lives: made once whoever comes first, taken over after a crash, gone after a clean stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resolver.core.native import CACHE_BUSY, CACHE_PAGE, Cache
from resolver.outbound import mapping as module
from resolver.outbound.mapping import Mapping, MappingError, open_mapping, remove_unused, whole_pages

SIZE = 5 * CACHE_PAGE
WIRE = b"\0\0\x81\x80\0\1" + bytes(6) + b"\1a\0\0\1\0\1"
KEY = (b"\1a\0", 1, 1, 0)

CHILD = """
import sys
from pathlib import Path
from resolver.outbound.mapping import open_mapping
mapping = open_mapping(Path(sys.argv[1]), int(sys.argv[2]))
print(mapping.seat, mapping.is_first(), flush=True)
sys.stdin.read()
"""
"""A process that joins, says so, and stays until its input ends."""

Opener = Callable[..., Mapping]


@pytest.fixture(params=["tmpfs", "disk"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder of either kind; what lies outside it goes to a folder of the test's own."""
    shared = tmp_path / "shm"
    shared.mkdir()
    monkeypatch.setattr(module, "SHARED_MEMORY", shared)
    monkeypatch.setattr(module, "_is_tmpfs", lambda _: request.param == "tmpfs")
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


@pytest.fixture
def opened() -> Iterator[Opener]:
    held: list[Mapping] = []

    def opener(run: Path, size: int = SIZE) -> Mapping:
        held.append(open_mapping(run, size))
        return held[-1]

    yield opener
    for each in held:
        each.close()


def files(run: Path) -> list[str]:
    return [path.name for path in module._files(run)]


def put(cache: Cache) -> int:
    return cache.put(*KEY, 0, WIRE, (), (), (), 0, 60)


def holds(cache: Cache) -> bool:
    return cache.get(*KEY, 0, 0) is not None


def test_all_who_join_see_the_same_answers(run: Path, opened: Opener) -> None:
    first, second = opened(run), opened(run)
    assert put(first.cache) == 0
    assert holds(second.cache)
    assert (first.seat, second.seat) == (0, 1)
    assert (first.is_first(), second.is_first()) == (True, False)
    assert len(files(run)) == 1
    assert first.path.stat().st_mode & 0o777 == 0o600
    assert first.path.stat().st_blocks * 512 >= SIZE, "its memory is claimed from the start"


def test_a_new_one_is_not_gone_through(run: Path, opened: Opener) -> None:
    """No page can have a dead writer, and a look at each takes a start tens of milliseconds."""
    pages = 64
    path = opened(run, pages * CACHE_PAGE).path
    assert 0 < _resident(path) < pages * CACHE_PAGE // 4


def _resident(path: Path) -> int:
    """Bytes of a file that this process has before it."""
    maps = Path("/proc/self/smaps").read_text().split(str(path), 1)[1]
    return int(maps.split("Rss:", 1)[1].split()[0]) * 1024


def test_a_run_folder_has_a_cache_of_its_own(run: Path, opened: Opener, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert put(opened(run).cache) == 0
    assert not holds(opened(other).cache)


def test_many_may_come_at_once(run: Path) -> None:
    with ThreadPoolExecutor(12) as pool:
        held = list(pool.map(lambda _: open_mapping(run, SIZE), range(12)))
    assert sorted(each.seat for each in held) == list(range(12))
    assert put(held[0].cache) == 0
    assert all(holds(each.cache) for each in held)
    for each in held:
        each.close()


def test_another_size_is_another_cache(run: Path, opened: Opener) -> None:
    before = opened(run)
    assert put(before.cache) == 0
    after = opened(run, 2 * SIZE)
    assert not holds(after.cache)
    assert holds(before.cache), "who has not changed over yet goes on with the old one"
    assert files(run) == [after.path.name]


@pytest.mark.parametrize("damage", ["magic", "boot", "length", "half made"])
def test_what_cannot_be_used_is_made_anew(run: Path, opened: Opener, damage: str) -> None:
    path = module._path(run, SIZE)
    if damage == "half made":
        path.write_bytes(bytes(SIZE))
    else:
        before = opened(run)
        assert put(before.cache) == 0
        if damage == "length":
            os.truncate(path, SIZE + CACHE_PAGE)
        else:
            with path.open("r+b") as file:
                file.seek({"magic": 0, "boot": 24}[damage])
                file.write(b"?")
    after = opened(run)
    assert not holds(after.cache)
    assert put(after.cache) == 0
    assert path.stat().st_size == SIZE


def test_a_link_is_not_followed(run: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("dear")
    module._path(run, SIZE).symlink_to(victim)
    with pytest.raises(MappingError, match=r"answers-.*remove it"):
        open_mapping(run, SIZE)
    assert victim.read_text() == "dear"


def test_another_users_file_is_not_used(run: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(run)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(MappingError, match="another user's"):
        open_mapping(run, SIZE)


def test_too_little_room_is_said_before_anything_is_served(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(MappingError, match=r"no room on .* lower resolver\.cache\.size"):
        open_mapping(run, SIZE)
    assert files(run) == []


def test_a_file_that_stays_locked_is_given_up(
    run: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_PAUSE", 0.0)
    opened(run)
    with (
        module._locked(module._path(run, SIZE), create=False),
        pytest.raises(MappingError, match="keeps it locked"),
    ):
        open_mapping(run, SIZE)


def _child(run: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(run), str(SIZE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_process_leaves_its_seat_and_its_pages(tmp_path: Path) -> None:
    """In the machine's own shared memory, for the child knows no other."""
    child = _child(tmp_path)
    assert child.stdout is not None
    assert child.stdout.readline() == "0 True\n"
    beside = open_mapping(tmp_path, SIZE)
    try:
        assert (beside.seat, beside.is_first()) == (1, False)
        assert put(beside.cache) == 0
        with beside.path.open("r+b") as file:  # as if it were killed while it wrote in every page
            for page in range(1, SIZE // CACHE_PAGE):
                file.seek(page * CACHE_PAGE + 4)
                file.write((1).to_bytes(4, sys.byteorder))
        assert put(beside.cache) == CACHE_BUSY
        remove_unused(tmp_path)
        assert files(tmp_path) == [beside.path.name], "it is in use"
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert beside.is_first()
        successor = open_mapping(tmp_path, SIZE)
        assert successor.seat == 0
        assert put(beside.cache) == 0
        successor.close()
    finally:
        path = beside.path
        beside.close()
        del beside, successor
        remove_unused(tmp_path)
    assert not path.exists()


def test_pages_of_a_slot_that_nobody_has_are_freed(run: Path, opened: Opener) -> None:
    opened(run)
    with module._path(run, SIZE).open("r+b") as file:
        for page in range(1, SIZE // CACHE_PAGE):
            file.seek(page * CACHE_PAGE + 4)
            file.write(b"\xff\xff\xff\xff")
    assert put(opened(run).cache) == 0


def test_orphans_are_removed_by_whoever_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, gone, here = tmp_path / "shm", tmp_path / "gone", tmp_path / "here"
    for folder in (shared, gone, here):
        folder.mkdir()
    monkeypatch.setattr(module, "SHARED_MEMORY", shared)
    monkeypatch.setattr(module, "_is_tmpfs", lambda _: False)
    orphan, used = open_mapping(gone, SIZE), open_mapping(here, SIZE)
    gone.rmdir()
    later = open_mapping(here, 2 * SIZE)
    assert orphan.path.exists(), "somebody uses it still"
    assert not used.path.exists()
    orphan.close()
    path = orphan.path
    del orphan
    again = open_mapping(here, SIZE)
    assert not path.exists()
    for each in (used, later, again):
        each.close()


@pytest.mark.parametrize(
    ("size", "pages"), [(0, 0), (CACHE_PAGE, 0), (2 * CACHE_PAGE - 1, 0), (2 * CACHE_PAGE, 2), (10**6, 61)]
)
def test_whole_pages(size: int, pages: int) -> None:
    assert whole_pages(size) == pages * CACHE_PAGE
