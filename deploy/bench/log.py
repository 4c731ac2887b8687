"""What the public log costs: appends with every commit on the disk (and what this disk gives without a log, just before and
after those with a checkpoint each), proofs, and bytes that are served for an event.

Run as ``python -m deploy.bench.log`` from the root of the project; prints a Markdown table with the bars. The
log is a real one: events in an SQLite database, the signer a process of its own, files flushed as they always are.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from admin.audit.events import Detail, Event, EventKind
from admin.config import load
from admin.control.clocks import Clocks
from admin.control.log_draining import HOLD
from admin.control.log_keeper import Means
from admin.control.public_log import PublicLog
from admin.services.actors import Actor, ActorKind
from admin.services.place import Place
from admin.store.address import address_of
from admin.store.database import Database

PROOFS = 200
BARE = 200
BARE_BYTES = 2_048
"""Of which an append writes about as many to its journal, and the database to its own."""
MANY = 1_000
"""Events under one checkpoint, as control has it."""
SINGLE = 20 * 256 - 1
"""With the first leaf these fill their tiles: partial ones of a tile that is not full yet cannot be collected."""
_ACTOR = Actor.of_the_box(ActorKind.SYNC, "bets")
_DETAIL: dict[str, Detail] = {
    "publish": "count",
    "added": 12,
    "removed": 7,
    "entries": 6021,
    "authority": "UT1",
    "basis": "voluntary",
}


@dataclass(frozen=True)
class Row:
    """One measurement beside its bar."""

    what: str
    measured: str
    bar: str


class Rig:
    """A box with a log in a folder."""

    def __init__(self, folder: Path) -> None:
        """Nothing is there yet."""
        folder.mkdir(exist_ok=True)
        path = folder / "weir.yaml"
        path.write_text("data_dir: var\nnode: bench\n")
        self.config = load(path)
        self.place = Place(self.config.data_dir)
        self.place.create()

    async def open(self) -> None:
        """Open the database."""
        self.database = await Database.open(address_of(self.config))

    def log(self, batch: int) -> PublicLog:
        """A log with so many events under one checkpoint."""

        async def connect() -> Database:
            return self.database

        return PublicLog(lambda: self.config, connect, Clocks(time.time, time.monotonic), Means(batch=batch))

    async def happen(self, count: int) -> None:
        """So many syncs of a list, long enough ago not to wait for a state."""
        async with self.database.transaction() as transaction:
            for number in range(count):
                event = Event(EventKind.LIST_SYNCED, f"list-{number % 40}", reason="", detail=_DETAIL)
                transaction.record(event, _ACTOR, time.time() - HOLD)

    def served(self, below: str = "") -> Space:
        """All files that are served, or those below this folder; one with two names counts once."""
        found = [path.stat() for path in (self.place.log / below).rglob("*") if path.is_file()]
        files = {status.st_ino: status for status in found}.values()
        return Space(sum(file.st_size for file in files), sum(file.st_blocks * 512 for file in files))


@dataclass(frozen=True)
class Space:
    """What files take."""

    sizes: int
    """Bytes in them."""
    blocks: int
    """Bytes of the disk."""


async def measure(folder: Path, batched: int, single: int) -> list[Row]:
    """All rows: one log with many events under a checkpoint, another with a checkpoint for each."""
    rig, log = await _log(folder / "batched", MANY)
    rows = [await _appends(rig, log, batched, "1,000 events under a checkpoint", "10,000/s")]
    rows += [await _storage(rig, log, "1,000 under a checkpoint"), await _proofs(log)]
    await _close(rig, log)
    rig, log = await _log(folder / "single", 1)
    rows.append(_bare(folder))
    rows.append(await _appends(rig, log, single, "a checkpoint each", "500/s"))
    rows.append(_bare(folder))
    rows.append(await _storage(rig, log, "a checkpoint each"))
    await _close(rig, log)
    return rows


async def _log(folder: Path, batch: int) -> tuple[Rig, PublicLog]:
    rig = Rig(folder)
    await rig.open()
    log = rig.log(batch)
    await log.start()
    return rig, log


async def _close(rig: Rig, log: PublicLog) -> None:
    await log.close()
    await rig.database.close()


async def _appends(rig: Rig, log: PublicLog, count: int, how: str, bar: str) -> Row:
    await rig.happen(count)
    before, began = time.process_time(), time.perf_counter()
    await log.catch_up()
    rate = count / (time.perf_counter() - began)
    own = (time.process_time() - before) / count * 1e6
    return Row(f"appends, {how}", f"{rate:,.0f}/s ({own:,.0f} µs of a processor each)", bar)


def _bare(folder: Path) -> Row:
    """What the disk and the machine's other work leave of an append: two files, a write and a wait for the disk each."""
    files = [os.open(folder / f"bare-{number}", os.O_RDWR | os.O_CREAT) for number in range(2)]
    data = os.urandom(BARE_BYTES)
    began = time.perf_counter()
    for number in range(BARE):
        for file in files:
            os.pwrite(file, data, number * BARE_BYTES)
            os.fdatasync(file)
    rate = BARE / (time.perf_counter() - began)
    for file in files:
        os.close(file)
    return Row("two bare writes, each waited for: as an append has", f"{rate:,.0f}/s", "")


async def _storage(rig: Rig, log: PublicLog, how: str) -> Row:
    await log.close()
    await log.start()
    assert log.head is not None
    size, all_files, checkpoints = log.head.size, rig.served(), rig.served("cp")
    measured = (
        f"{all_files.sizes / size:,.0f} bytes, of which checkpoints {checkpoints.sizes / size:,.0f}; "
        f"on the disk {all_files.blocks / size:,.0f}, of which checkpoints {checkpoints.blocks / size:,.0f}"
    )
    return Row(f"served for an event, {how} ({size:,} leaves)", measured, "600 bytes")


async def _proofs(log: PublicLog) -> Row:
    assert log.head is not None
    size, took = log.head.size, []
    for number in range(PROOFS):
        began = time.perf_counter()
        log.inclusion(number * size // PROOFS)
        took.append((time.perf_counter() - began) * 1000)
    measured = f"{statistics.median(took):.2f} ms, the slowest {max(took):.2f} ms"
    return Row(f"inclusion proof, {size:,} leaves", measured, "5 ms")


def lines(rows: list[Row]) -> Iterator[str]:
    """The table, in Markdown."""
    yield "| what | measured | bar |"
    yield "|---|---:|---:|"
    for row in rows:
        yield f"| {row.what} | {row.measured} | {row.bar} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench.log", description=__doc__)
    parser.add_argument("--batched", type=int, default=50_000, help="events in batches (50000)")
    parser.add_argument("--single", type=int, default=SINGLE, help=f"events one by one ({SINGLE})")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the log lies, on the disk to be measured"
    )
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-log-", dir=told.folder or Path.cwd()) as folder:
        print("\n".join(lines(asyncio.run(measure(Path(folder), told.batched, told.single)))))


if __name__ == "__main__":
    main()
