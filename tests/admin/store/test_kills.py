"""A writer that is killed at any moment leaves a change with its event, or neither; on both databases."""

from __future__ import annotations

import os
import random
import select as select_ready
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import select

from admin.audit.events import digest_of
from admin.store.database import Database
from admin.store.tables import EventRow, ProfileRow

KILLS = 50
LONGEST = 0.15
"""Seconds that a writer lives after its first change; it makes about thirty more in them."""

_WRITER = """
import asyncio, itertools, os, sys
from pathlib import Path
from admin.config import Config
from admin.services.acts import Act
from admin.services.actors import Actor, ActorKind
from admin.services.mapped import read_mapped
from admin.services.profiles import PROFILES
from admin.store.database import Database
from admin.store.tables import ProfileRow

declared = Config(path=Path("/nowhere/weir.yaml"))
actor = Actor.of_the_box(ActorKind.LOCAL, "root")

async def write(address):
    database = await Database.open(address)
    for step in itertools.count():
        name = f"p{step % 7}"
        async with database.transaction() as transaction:
            there = await transaction.session.get(ProfileRow, name) is not None
            verb = ("patch" if step % 3 else "delete") if there else "create"
            document = () if verb == "delete" else ({"deny": [f"n{os.getpid()}-{step}.example"]},)
            await getattr(PROFILES, verb)(transaction, declared, Act(actor, float(step)), name, *document)
        if step == 0:
            sys.stdout.write("begun\\n")
            sys.stdout.flush()

read_mapped("profiles", declared, "warm", {"deny": ["up.example"]})
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        asyncio.run(write(sys.argv[1]))
        os._exit(0)
    sys.stdout.write(f"{child}\\n")
    sys.stdout.flush()
    os.waitpid(child, 0)
    sys.stdout.write("dead\\n")
    sys.stdout.flush()
"""
"""Forks a writer for every line, so that fifty of them need not import everything fifty times."""


def _line(process: subprocess.Popen[bytes]) -> bytes:
    """Its next line; nothing is read beyond it, or ``select`` would wait for what is here already."""
    assert process.stdout is not None
    ready, _, _ = select_ready.select([process.stdout], [], [], 30)
    assert ready, "the writer does not come along"
    return process.stdout.readline().strip()


def _kill_at_random(process: subprocess.Popen[bytes], chance: random.Random) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.flush()
    first, second = _line(process), _line(process)
    child = int(first if first.isdigit() else second)
    select_ready.select([], [], [], chance.uniform(0, LONGEST))
    os.kill(child, signal.SIGKILL)
    assert _line(process) == b"dead"


async def test_a_killed_writer_leaves_changes_with_their_events(address: str, opened: Any) -> None:
    database: Database = await opened(address)
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    chance = random.Random(20)
    seen = 0
    try:
        for _ in range(KILLS):
            _kill_at_random(process, chance)
            seen = await _check(database, seen)
    finally:
        process.stdin.close() if process.stdin else None
        process.wait(10)
        process.stdout.close() if process.stdout else None
    assert seen >= KILLS


async def _check(database: Database, seen: int) -> int:
    """Compare all events with all documents; returns the number of events."""
    async with database.reading() as transaction:
        rows = list(await transaction.session.scalars(select(ProfileRow)))
        events = list(await transaction.session.scalars(select(EventRow).order_by(EventRow.sequence)))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert len(events) >= seen
    last: dict[str, str] = {}
    for event in events:
        assert event.before == last.get(event.subject, "")
        last[event.subject] = event.after
    assert {row.id: digest_of(row.document) for row in rows} == {
        name: after for name, after in last.items() if after
    }
    return len(events)
