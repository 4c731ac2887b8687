"""Disks that fail, forget or lie, databases and folders that are not the log's own: it stops, says so, and never forks."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin.audit.disk import Disk
from admin.audit.doubt import DoubtError, LogStoppedError
from admin.audit.signing import RefusedError
from admin.config import load
from admin.store.address import address_of
from admin.store.database import Database
from admin.store.errors import UnavailableError
from admin.store.log import StoreLedger
from resolver.tlog import checkpoints, notes

WithDisk = Callable[[Callable[[Path], Disk]], Any]
MOST_ACTS = 200


class FaultyDisk(Disk):
    """Fails once, at the n-th act; half of what was to be written may then be there."""

    def __init__(self, spare: Path) -> None:
        super().__init__(spare)
        self.left: int | None = None
        self.number = errno.ENOSPC

    def _act(self, where: Path | None = None) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise OSError(self.number, os.strerror(self.number), where and str(where))

    def put(self, handle: int, data: bytes) -> None:
        if self.left == 0:
            os.write(handle, data[: len(data) // 2])
        self._act()
        super().put(handle, data)

    def flush(self, handle: int) -> None:
        self._act()
        super().flush(handle)

    def move(self, source: Path, target: Path) -> None:
        self._act(target)
        super().move(source, target)

    def remove(self, path: Path) -> None:
        self._act(path)
        super().remove(path)

    def read(self, path: Path, at: int = 0, count: int = -1) -> bytes:
        self._act(path)
        return super().read(path, at, count)

    def flush_folder(self, folder: Path) -> None:
        self._act(folder)
        super().flush_folder(folder)

    def flush_all(self, folder: Path) -> None:
        self._act(folder)
        super().flush_all(folder)


class ForgetfulDisk(Disk):
    """Remembers what was not flushed, and forgets it when the power is cut: whole, torn or nothing but zeroes."""

    def __init__(self, spare: Path) -> None:
        super().__init__(spare)
        self.unsafe: dict[Path, bytes | None] = {}
        self.flushed = False

    def write(self, path: Path, data: bytes, *, whole: bool = True) -> None:
        self._risk(path)
        super().write(path, data, whole=whole)

    def change(self, path: Path, data: bytes, at: int, *, durable: bool) -> None:
        self._risk(path)
        super().change(path, data, at, durable=durable)
        if durable:
            self.unsafe.pop(path)

    def name_again(self, source: Path, path: Path) -> None:
        self._risk(path)
        super().name_again(source, path)

    def remove(self, path: Path) -> None:
        self._risk(path)
        super().remove(path)

    def _risk(self, path: Path) -> None:
        if path not in self.unsafe:
            self.unsafe[path] = path.read_bytes() if path.exists() else None

    def flush_all(self, folder: Path) -> None:
        super().flush_all(folder)
        self.unsafe.clear()

    def cut_power(self, chance: random.Random) -> None:
        for path, before in self.unsafe.items():
            data = path.read_bytes() if path.exists() else b""
            kept = chance.choice(["all", "nothing", "half", "zeroes"])
            if kept == "nothing":
                _put_back(path, before)
            elif kept == "half":
                _put_back(path, data[: len(data) // 2])
            elif kept == "zeroes":
                _put_back(path, data[:7] + bytes(max(0, len(data) - 7)))
        self.unsafe.clear()


def _put_back(path: Path, data: bytes | None) -> None:
    """As a file by itself: another name of it may have been safe."""
    path.unlink(missing_ok=True)
    if data is not None:
        path.write_bytes(data)


@pytest.fixture
def disks() -> list[Any]:
    """Those that were made, the newest last."""
    return []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
async def test_a_disk_that_fails_at_any_act_costs_nothing(
    small_box: Any, with_disk: WithDisk, disks: list[Any], number: int
) -> None:
    def make(spare: Path) -> Disk:
        disks.append(FaultyDisk(spare))
        return disks[-1]

    log = small_box.log(with_disk(make))
    await log.start()
    disk = disks[-1]
    disk.number, told, failed = number, [], 0
    for at in range(MOST_ACTS):
        told.append(await small_box.happen())
        disk.left = at
        with contextlib.suppress(LogStoppedError):
            await log.catch_up()
        await log.close()
        failed += disk.left is None
        if disk.left is not None:
            break
        await log.catch_up()
        assert log.problem == ""
        assert len(small_box.replay()) == log.head.size == 1 + len(told)
    assert await small_box.told() == told
    assert 5 < failed < MOST_ACTS


async def test_a_disk_that_gives_back_something_else_is_noticed_before_anything_is_signed(
    small_box: Any, with_disk: WithDisk, disks: list[Any]
) -> None:
    class LyingDisk(Disk):
        lies = False

        def read(self, path: Path, at: int = 0, count: int = -1) -> bytes:
            data = super().read(path, at, count)
            if self.lies and path.name == "journal":
                return data[:-1] + bytes([data[-1] ^ 1])
            return data

    def make(spare: Path) -> Disk:
        disks.append(LyingDisk(spare))
        return disks[-1]

    log = small_box.log(with_disk(make))
    await log.start()
    await small_box.happen()
    disks[-1].lies = True
    with pytest.raises(LogStoppedError, match="check disk and memory"):
        await log.catch_up()
    assert len(small_box.replay()) == 1
    disks[-1].lies = False
    await log.catch_up()
    assert len(small_box.replay()) == 2


@pytest.mark.parametrize("seed", range(8))
async def test_a_power_cut_takes_nothing_that_was_committed(
    small_box: Any, with_disk: WithDisk, disks: list[Any], seed: int
) -> None:
    def make(spare: Path) -> Disk:
        disks.append(ForgetfulDisk(spare))
        return disks[-1]

    chance, told, before = random.Random(seed), [], b""
    for _ in range(12):
        log = small_box.log(with_disk(make))
        await log.start()
        assert log.problem == ""
        assert not before or log.checkpoint == before
        for _ in range(chance.randrange(60)):
            told.append(await small_box.happen())
            if chance.random() < 0.4:
                await log.catch_up()
            if chance.random() < 0.1:
                await _settle(log)
        await log.catch_up()
        before = log.checkpoint
        assert len(small_box.replay()) == len(told) + 1
        disks[-1].cut_power(chance)
        small_box.logs.remove(log)
    await small_box.log().start()
    assert await small_box.told() == told
    assert len(small_box.replay()) == len(told) + 1


async def _settle(log: Any) -> None:
    log._keeper.files.settle()


async def test_an_old_backup_of_the_database_signs_nothing(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    path = small_box.place.data_dir.parent / "weir.db"
    backup = path.with_suffix(".backup")
    await small_box.happen()
    await log.catch_up()
    _copy(path, backup)
    await small_box.happen()
    await log.catch_up()
    published = (small_box.place.log / "checkpoint").read_bytes()
    await _restore(small_box, backup, path)
    again = small_box.log()
    await small_box.happen()
    for _ in range(2):
        with pytest.raises(DoubtError, match="old backup of the database was restored"):
            await again.catch_up()
    assert (small_box.place.log / "checkpoint").read_bytes() == published


async def test_an_old_backup_of_all_but_the_keys_signs_nothing(small_box: Any, tmp_path: Path) -> None:
    log = small_box.log()
    await log.start()
    path, kept = tmp_path / "weir.db", tmp_path / "kept"
    _copy(path, tmp_path / "backup.db")
    shutil.copytree(small_box.place.log, kept)
    for _ in range(3):
        await small_box.happen()
        await log.catch_up()
    await _restore(small_box, tmp_path / "backup.db", path)
    shutil.rmtree(small_box.place.log)
    shutil.copytree(kept, small_box.place.log)
    shutil.rmtree(small_box.place.log_staging)
    again = small_box.log()
    await small_box.happen()
    with pytest.raises(DoubtError, match="were signed already"):
        await again.catch_up()


async def test_an_old_backup_of_before_the_end_of_a_log_touches_neither(
    small_box: Any, operator: Any, tmp_path: Path
) -> None:
    log, path = small_box.log(), tmp_path / "weir.db"
    await log.start()
    _copy(path, tmp_path / "backup.db")
    await log.close_log(operator, "", compromised=False)
    await small_box.happen()
    await log.catch_up()
    await _restore(small_box, tmp_path / "backup.db", path)
    before = _all_files(small_box.place.log)
    for _ in range(2):
        with pytest.raises(DoubtError, match="was put away, and the database does not know"):
            await small_box.log().catch_up()
    assert _all_files(small_box.place.log) == before


async def test_after_an_old_backup_another_log_can_begin(small_box: Any, tmp_path: Path) -> None:
    log = small_box.log()
    await log.start()
    path = tmp_path / "weir.db"
    _copy(path, tmp_path / "backup.db")
    for _ in range(3):
        await small_box.happen()
        await log.catch_up()
    await _restore(small_box, tmp_path / "backup.db", path)
    shutil.move(small_box.place.log, tmp_path / "kept")
    path = small_box.config.path
    path.write_text(path.read_text() + "\naudit: {origin: filter.isp.example/log}\n")
    small_box.config = load(path)
    again = small_box.log()
    await again.start()
    assert again.problem == ""
    await small_box.happen()
    await again.catch_up()
    assert again.head.origin == "filter.isp.example/log/2027"
    assert small_box.verify() == 0
    shutil.move(tmp_path / "kept", small_box.place.log / "2027")  # served on, below the other
    await small_box.log().catch_up()


async def test_an_empty_database_begins_no_second_log(small_box: Any, tmp_path: Path) -> None:
    log = small_box.log()
    await log.start()
    await small_box.happen()
    await log.catch_up()
    await log.close()
    await small_box.database.close()
    for path in tmp_path.glob("weir.db*"):
        path.unlink()
    small_box.database = await Database.open(f"sqlite:{tmp_path / 'weir.db'}")
    with pytest.raises(DoubtError, match="old or empty database"):
        await small_box.log().catch_up()
    shutil.rmtree(small_box.place.log)
    with pytest.raises(LogStoppedError, match="were signed already"):
        await small_box.log().catch_up()
    assert not (small_box.place.log / "checkpoint").exists()


async def test_of_two_writers_the_second_stops(box: Any) -> None:
    first, second = box.log(), box.log()
    await first.start()
    await second.start()
    await box.happen()
    await first.catch_up()
    await box.happen()
    with pytest.raises(LogStoppedError, match="somebody else writes"):
        await second.catch_up()
    assert len(box.replay()) == 2
    await second.catch_up()  # it has read the lock row again
    assert len(box.replay()) == 3


@pytest.mark.parametrize(
    "path", ["tile/0/000.p/4", "tile/entries/000.p/4", "state", "checkpoint", "cp/4", "keys.json"]
)
async def test_served_files_that_are_gone_are_written_again(
    small_box: Any, manifest: Any, snap: str, path: str
) -> None:
    log = small_box.log()
    await log.publish(manifest(1), snap)
    for _ in range(2):
        await small_box.happen()
        await log.catch_up()
    before = log.checkpoint
    await log.close()
    target = small_box.place.log / path
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    again = small_box.log()
    await again.start()
    assert again.problem == ""
    assert again.checkpoint == before
    assert target.exists()
    assert len(small_box.replay()) == 4


async def test_a_log_whose_folder_is_gone_is_written_again_from_the_database(
    small_box: Any, manifest: Any, snap: str
) -> None:
    log = small_box.log()
    for number in range(5):
        for _ in range(120):
            await small_box.happen()
        await log.publish(manifest(number), snap)
    before, size = log.checkpoint, log.head.size
    await log.close()
    shutil.rmtree(small_box.place.log)
    again = small_box.log()
    await again.start()
    assert again.checkpoint == before
    assert len(small_box.replay()) == size
    assert [int(path.name) for path in (small_box.place.log / "cp").iterdir()] == [size]


@pytest.mark.parametrize("path", ["tile/0/000.p/3", "tile/entries/000.p/3"])
async def test_served_files_that_say_something_else_stop_the_log(small_box: Any, path: str) -> None:
    log = small_box.log()
    for _ in range(2):
        await small_box.happen()
        await log.catch_up()
    await log.close()
    target = small_box.place.log / path
    data = bytearray(target.read_bytes())
    data[40] ^= 1
    target.write_bytes(data)
    with pytest.raises(DoubtError, match="is not what the database says"):
        await small_box.log().catch_up()
    data[40] ^= 1
    target.write_bytes(data)
    await small_box.log().catch_up()


async def test_a_database_that_says_something_else_stops_the_log(small_box: Any, tmp_path: Path) -> None:
    log = small_box.log()
    await small_box.happen()
    await log.start()
    await log.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "weir.db")) as connection:
        connection.execute("UPDATE logs SET state = ?, root = ?", ("1" * 64, b"1" * 32))
        connection.commit()
    with pytest.raises(DoubtError, match="changed by hand"):
        await small_box.log().catch_up()


async def test_a_readonly_folder_stops_the_log_and_nothing_else(small_box: Any, with_disk: WithDisk) -> None:
    class ReadOnlyDisk(Disk):
        def put(self, handle: int, data: bytes) -> None:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    await small_box.log().start()
    told = await small_box.happen()
    log = small_box.log(with_disk(ReadOnlyDisk))
    await log.start()
    assert "Read-only file system" in log.problem
    again = small_box.log()
    await again.start()
    assert await small_box.told() == [told]


async def test_a_database_that_is_away_stops_the_log_until_it_is_back(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    connect = small_box.connect

    async def away() -> Database:
        raise UnavailableError("the disk is full")

    log._connect = away
    with pytest.raises(LogStoppedError, match="the disk is full"):
        await log.catch_up()
    log._connect = connect
    await small_box.happen()
    await log.catch_up()
    assert len(small_box.replay()) == 2


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_commit_of_which_nobody_knows_whether_it_was_done_is_found_out(
    small_box: Any, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    log = small_box.log()
    await log.start()
    told = [await small_box.happen()]
    commit = StoreLedger.commit

    def cut(self: StoreLedger, wanted: Any) -> None:
        if is_done:
            commit(self, wanted)
        raise LogStoppedError("the server has cut the connection")

    with monkeypatch.context() as patched:
        patched.setattr(StoreLedger, "commit", cut)
        with pytest.raises(LogStoppedError, match="cut the connection"):
            await log.catch_up()
    told.append(await small_box.happen())
    await log.catch_up()
    assert log.problem == ""
    assert await small_box.told() == told
    assert len(small_box.replay()) == 3


async def test_a_server_that_was_away_is_gone_on_with_at_once(server_box: Any, cluster: Any) -> None:
    log = server_box.log()
    await log.start()
    told = [await server_box.happen()]
    await log.catch_up()
    cluster.stop()
    try:
        with pytest.raises(UnavailableError):
            await server_box.happen()
        with pytest.raises(LogStoppedError, match="waits for the database"):
            await log.catch_up()
    finally:
        cluster.start()
    told.append(await server_box.happen())
    await log.catch_up()
    assert log.problem == ""
    assert await server_box.told() == told
    assert len(server_box.replay()) == 3


async def test_a_standby_without_the_last_second_signs_nothing(server_box: Any, cluster: Any) -> None:
    address = address_of(server_box.config)
    name = address.partition("@/")[2].partition("?")[0]
    connect = ("-h", str(cluster.folder), "-U", "postgres")
    log = server_box.log()
    await log.start()
    await log.close()
    await server_box.database.close()
    cluster.run("createdb", *connect, "-T", name, f"{name}standby")
    server_box.database = await Database.open(address)
    log = server_box.log()
    await server_box.happen()
    await log.catch_up()
    before = _all_files(server_box.place.log)
    cluster.run("dropdb", *connect, "--force", name)
    cluster.run("createdb", *connect, "-T", f"{name}standby", name)
    for _ in range(2):  # the first has the number of one that is gone, and that the log has looked at
        await server_box.happen()
    with pytest.raises(DoubtError, match="the database has 1 leaves"):
        await log.catch_up()
    for one in (log, server_box.log()):
        with pytest.raises(DoubtError, match="a standby without the last changes took its place"):
            await one.catch_up()
        assert "audit.origin" in one.problem
    assert _all_files(server_box.place.log) == before


async def test_a_checkpoint_of_the_same_size_with_another_root_stops_the_log(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    signer = await log._keeper._signer_of(log.head.origin)
    body = checkpoints.Checkpoint(log.head.origin, 1, b"x" * 32).body
    key = signer._keys[0]
    forged = notes.signed(
        body, [notes.Signature(key.public.name, key.public.key_id, key.private.sign(body.encode()))]
    )
    await log.close()
    (small_box.place.log / "checkpoint").write_bytes(forged)
    with pytest.raises(DoubtError, match="is not that of the database"):
        await small_box.log().catch_up()
    assert (small_box.place.log / "checkpoint").read_bytes() == forged


async def test_a_signer_that_refuses_leaves_nothing_behind(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    await small_box.happen()

    class Refusing:
        def sign(self, _request: object) -> bytes:
            raise RefusedError("no")

    log._writer._signer = Refusing()
    with pytest.raises(DoubtError, match="no"):
        await log.catch_up()
    await log.catch_up()
    assert len(small_box.replay()) == 2
    assert list(small_box.place.log_staging.glob("*.tmp")) == []


def _all_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _copy(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as one,
        contextlib.closing(sqlite3.connect(target)) as two,
    ):
        one.backup(two)


async def _restore(box: Any, backup: Path, path: Path) -> None:
    for log in box.logs:
        await log.close()
    await box.database.close()
    for name in path.parent.glob("weir.db*"):
        name.unlink()
    shutil.copy(backup, path)
    box.database = await Database.open(f"sqlite:{path}")


@pytest.mark.parametrize("what", ["publish", "admin.add"])
async def test_whoever_is_cancelled_leaves_no_append_half_done(
    small_box: Any, with_step: Any, manifest: Any, snap: str, what: str
) -> None:
    reached, go = threading.Event(), threading.Event()

    def step(name: str) -> None:
        if name == "sign" and not go.is_set() and small_box.logs[0].head.size:
            reached.set()
            go.wait(60)

    log = small_box.log(with_step(step))
    go.set()
    await log.start()
    go.clear()
    if what != "publish":
        await small_box.happen()
    work = asyncio.ensure_future(log.publish(manifest(1), snap) if what == "publish" else log.put_in())
    await asyncio.to_thread(reached.wait, 60)
    work.cancel()
    await small_box.happen()
    other = asyncio.ensure_future(log.catch_up())
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    await other
    assert [leaf.type for leaf in small_box.replay()] == ["log.init", what, "admin.add"]


class FullDisk(Disk):
    """Takes nothing while it is full; reading goes on."""

    is_full = False

    def put(self, handle: int, data: bytes) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().put(handle, data)


async def test_a_log_that_cannot_be_written_does_not_look_well_in_between(
    small_box: Any, with_disk: WithDisk, manifest: Callable[[int], Any], snap: str
) -> None:
    disks: list[FullDisk] = []

    def made(spare: Path) -> Disk:
        disks.append(FullDisk(spare))
        return disks[-1]

    log = small_box.log(with_disk(made))
    await log.start()
    disks[-1].is_full = True
    with pytest.raises(LogStoppedError):
        await log.publish(manifest(1), snap)
    for _ in range(3):  # nothing waits, and reading what is there says nothing about writing
        with pytest.raises(LogStoppedError):
            await log.catch_up()
        assert "No space left" in log.problem
    disks[-1].is_full = False
    await log.catch_up()
    assert not log.problem
    assert [leaf.type for leaf in small_box.replay()][1:] == ["heartbeat"]
    await log.catch_up()
    assert len(small_box.replay()) == 2
