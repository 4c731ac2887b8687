"""A process that is killed between any two steps of a change leaves the change with its event, or neither."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from admin.store.database import Database
from admin.store.tables import EventRow, ProfileRow, SubscriberRow, TokenRow

STEPS = {
    "before flush": False,
    "after flush": False,
    "before commit": False,
    "after commit": True,
    "before the answer": True,
}
"""Where the process is killed, and whether the change is made then."""

_CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.orm import Session
from admin.config import Config
from admin.services.acts import Act
from admin.services.actors import Actor, ActorKind, Role
from admin.services.mapped import read_mapped
from admin.services.profiles import PROFILES
from admin.services.subscribers import SUBSCRIBERS
from admin.services.tokens import TOKEN_BYTES, Wanted, create_token, revoke_token
from admin.store.database import Database

declared = Config(path=Path("/nowhere/weir.yaml"))
act = Act(Actor.of_the_box(ActorKind.LOCAL, "root"), 7.0, "as agreed")

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

async def change(what, transaction):
    if what == "create":
        await PROFILES.create(transaction, declared, act, "teen", {"paused": True})
    elif what == "change":
        await PROFILES.patch(transaction, declared, act, "there", {"paused": True})
    elif what == "delete":
        await SUBSCRIBERS.delete(transaction, declared, act, "home-7")
    elif what == "token":
        await create_token(transaction, act, Wanted(Role.AUDITOR, "Eva"), random=bytes(range(TOKEN_BYTES)))
    elif what == "revoke":
        await revoke_token(transaction, act, bytes(6).hex())

async def do(address, what, step):
    database = await Database.open(address)
    if what == "prepare":
        async with database.transaction() as transaction:
            await PROFILES.create(transaction, declared, act, "there", {})
            await SUBSCRIBERS.create(
                transaction, declared, act, "home-7", {"profile": "there", "addresses": ["192.0.2.7"]}
            )
            await create_token(transaction, act, Wanted(Role.AUDITOR, "Old"), random=bytes(TOKEN_BYTES))
        await database.close()
        return
    events = {"before flush": "before_flush", "after flush": "after_flush", "before commit": "before_commit",
              "after commit": "after_commit"}
    async with database.transaction() as transaction:
        if step in events:
            event.listen(Session, events[step], die)
        await change(what, transaction)
    die()

read_mapped("profiles", declared, "warm", {})
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        asyncio.run(do(*line.rstrip("\\n").split("\\t")))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\\n")
    sys.stdout.flush()
"""
"""Forks a process for every line, so that none of them need import everything."""


async def _state(database: Database) -> tuple[object, ...]:
    """All that the changes change, and the number of events."""
    async with database.reading() as transaction:
        session = transaction.session
        profiles = [(row.id, row.document) for row in await session.scalars(select(ProfileRow))]
        tokens = [(row.id, row.revoked) for row in await session.scalars(select(TokenRow))]
        subscribers = list(await session.scalars(select(SubscriberRow.id)))
        events = await session.scalar(select(func.count()).select_from(EventRow))
    return sorted(profiles, key=str), sorted(tokens, key=str), sorted(subscribers), events


async def _last(database: Database) -> str:
    async with database.reading() as transaction:
        kind = await transaction.session.scalar(
            select(EventRow.kind).order_by(EventRow.sequence.desc()).limit(1)
        )
    return str(kind)


KINDS = {
    "create": "profile.changed",
    "change": "profile.changed",
    "delete": "subscriber.deleted",
    "token": "token.created",
    "revoke": "token.revoked",
}


@pytest.fixture(scope="module")
def do() -> Iterator[Callable[..., int]]:
    """``do(address, what, step)``: a process does it, and how it ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    def ask(*words: str) -> int:
        stdin.write("\t".join(words) + "\n")
        return int(stdout.readline())

    yield ask
    stdin.close()
    process.wait(10)
    stdout.close()


@pytest.mark.parametrize("step", STEPS)
async def test_killed_between_two_steps(address: str, opened: Any, do: Callable[..., int], step: str) -> None:
    assert do(address, "prepare", "") == 0
    database: Database = await opened(address)
    for what, kind in KINDS.items():
        *before, events = await _state(database)
        assert do(address, what, step) == -signal.SIGKILL
        *after, told = await _state(database)
        assert (after != before, told) == (STEPS[step], int(str(events)) + STEPS[step]), what
        if STEPS[step]:
            assert await _last(database) == kind
