"""What the public log costs: appends with every commit on the disk, proofs, and bytes that are served for an event.

Run as ``python -m deploy.bench.log`` from the root of the project; prints a Markdown table with the bars. The
log is a real one: events in an SQLite database, the signer a process of its own, files flushed as they always are.
"""

from __future__ import annotations

import argparse
import asyncio
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

    def served(self) -> int:
        """Bytes of all files that are served."""
        return sum(path.stat().st_size for path in self.place.log.rglob("*") if path.is_file())

    def checkpoints(self) -> int:
        """Bytes of the published checkpoints."""
        return sum(path.stat().st_size for path in (self.place.log / "cp").iterdir())


async def measure(folder: Path, batched: int, single: int) -> list[Row]:
    """All rows, in one log."""
    rig = Rig(folder)
    await rig.open()
    log = rig.log(1_000)
    await log.start()
    rows = [await _batched(rig, log, batched), await _storage(rig, log, "1,000 under a checkpoint")]
    rows.append(await _proofs(log))
    await log.close()
    one = rig.log(1)
    await one.start()
    rows.append(await _single(rig, one, single))
    rows.append(await _storage(rig, one, "the last of them one by one, with all checkpoints"))
    await one.close()
    await rig.database.close()
    return rows


async def _batched(rig: Rig, log: PublicLog, count: int) -> Row:
    await rig.happen(count)
    began = time.perf_counter()
    await log.catch_up()
    rate = count / (time.perf_counter() - began)
    return Row("appends, 1,000 events under a checkpoint", f"{rate:,.0f}/s", "10,000/s")


async def _single(rig: Rig, log: PublicLog, count: int) -> Row:
    await rig.happen(count)
    began = time.perf_counter()
    await log.catch_up()
    rate = count / (time.perf_counter() - began)
    return Row("appends, a checkpoint each", f"{rate:,.0f}/s", "500/s")


async def _storage(rig: Rig, log: PublicLog, how: str) -> Row:
    await log.close()
    await log.start()
    assert log.head is not None
    size = log.head.size
    measured = f"{rig.served() / size:,.0f} bytes, of which checkpoints {rig.checkpoints() / size:,.0f}"
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
    parser.add_argument("--single", type=int, default=3_000, help="events one by one (3000)")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the log lies, on the disk to be measured"
    )
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-log-", dir=told.folder or Path.cwd()) as folder:
        print("\n".join(lines(asyncio.run(measure(Path(folder), told.batched, told.single)))))


if __name__ == "__main__":
    main()
