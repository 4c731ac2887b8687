"""Two hundred writers of one log are killed, at each of the steps of an append, in the middle of what they do to the disk,
and at random: none of them takes anything back, and what was acknowledged is there.

After each kill the log is started again, which recovers it; then everything that it serves is replayed, held against every
checkpoint that was seen before, and against what the writer had acknowledged when it died.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from admin.store.log import StoreLedger
from resolver.tlog import checkpoints, notes, tree

KILLS = 200
LONGEST = 0.12
"""Seconds that a writer lives which is killed from outside; it appends about ten times in them."""
STEPS = ("stage", "check", "sign", "commit", "committed", "publish", "published")
ACTS = 40
"""Acts on the disk among which one is the last: about four appends."""

_WRITER = """
import asyncio, itertools, json, os, signal, sys, time
from pathlib import Path
from admin.audit.disk import Disk
from admin.audit.events import Event, EventKind
from admin.audit.keys import KeyRef
from admin.audit.local_signer import LocalSigner
from admin.audit.lock_row import lock_reader
from admin.config import load
from admin.control.clocks import Clocks
from admin.control.log_keeper import Means
from admin.control.public_log import PublicLog
from admin.services.actors import Actor, ActorKind
from admin.store import log as _warm
from admin.store.address import address_of
from admin.store.database import Database
from blocklists.properties import Secret
from resolver.tlog.manifests import ListState, Manifest

config = load(Path(sys.argv[1]))
actor = Actor.of_the_box(ActorKind.LOCAL, "root")

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Countdown:
    def __init__(self, name, count):
        self.name, self.count = name, count
    def __call__(self, name):
        if name == self.name:
            self.count -= 1
            if self.count < 0:
                die()

class MortalDisk(Disk):
    def __init__(self, spare, step):
        super().__init__(spare)
        self.step = step
    def put(self, handle, data):
        self.step("act")
        if self.step.name == "act" and self.step.count == 0:
            os.write(handle, data[: len(data) // 2])
            die()
        super().put(handle, data)
    def flush(self, handle):
        self.step("act")
        super().flush(handle)
    def move(self, source, target):
        self.step("act")
        super().move(source, target)
    def remove(self, path):
        self.step("act")
        super().remove(path)
    def flush_folder(self, folder):
        self.step("act")
        super().flush_folder(folder)
    def flush_all(self, folder):
        self.step("act")
        super().flush_all(folder)

def signer(told):
    refs = [KeyRef(Secret(key["credential"], key["path"]), key["own"], key["fresh"]) for key in told["keys"]]
    return LocalSigner(told["origin"], refs, lock_reader(told["database"]), Path(told["mark"]))

def manifest(number):
    lists = {"bets": ListState("public", n=number, raw=f"{number:064x}")}
    return Manifest(lists, {"strict": ("bets",)}, "0.1+" + "0" * 64)

def say(value):
    os.write(1, json.dumps(value).encode() + b"\\n")

async def write(step):
    database = await Database.open(address_of(config))
    async def connect():
        return database
    means = Means(signer, disk=lambda spare: MortalDisk(spare, step), step=step)
    log = PublicLog(lambda: config, connect, Clocks(time.time, time.monotonic), means=means)
    say("begun")
    for number in itertools.count():
        kind = EventKind.PROFILE_CHANGED if number % 2 else EventKind.TOKEN_CREATED
        async with database.transaction() as transaction:
            transaction.record(Event(kind, f"s{number}"), actor, time.time())
            sequence = transaction.sequence
        if number % 2:
            await log.publish(manifest(sequence), f"{sequence:064x}")
        else:
            await log.catch_up()
        say({"told": sequence, "checkpoint": log.checkpoint.decode()})
        if number % 5 == 4:
            async with log._turn:
                await asyncio.to_thread(log._keeper.files.settle)

for line in sys.stdin:
    name, count = json.loads(line)
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(write(Countdown(name, count)))
        finally:
            os._exit(3)
    say({"child": child})
    _, status = os.waitpid(child, 0)
    say({"dead": os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)})
"""
"""Forks a writer for every line, so that two hundred of them need not import everything two hundred times."""


@dataclass
class Seen:
    """What was ever acknowledged or published."""

    told: set[int] = field(default_factory=set)
    checkpoints: dict[int, bytes] = field(default_factory=dict)

    def note(self, checkpoint: bytes) -> None:
        found = checkpoints.parse(notes.parse_note(checkpoint).text)
        assert self.checkpoints.setdefault(found.size, found.root) == found.root, "two trees of one size"


def _line(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 30)
    assert ready, "the writer does not come along"
    return json.loads(process.stdout.readline())


def _live_and_die(process: subprocess.Popen[bytes], plan: tuple[str, int], wait: float, seen: Seen) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(plan).encode() + b"\n")
    process.stdin.flush()
    child, begun = 0, False
    while not (child and begun):
        said = _line(process)
        if said == "begun":
            begun = True
        elif "child" in said:
            child = said["child"]
        else:
            _take(said, seen)
    if plan[0] == "outside":
        select.select([], [], [], wait)
        os.kill(child, signal.SIGKILL)
    while "dead" not in (said := _line(process)):
        _take(said, seen)
    assert said["dead"] == signal.SIGKILL, "the writer has failed by itself"


def _take(said: Any, seen: Seen) -> None:
    seen.told.add(said["told"])
    seen.note(said["checkpoint"].encode())


async def _check(box: Any, seen: Seen, subtrees: Any, state: Any) -> int:
    """Start again, and hold everything against everything; returns the size of the log."""
    log = box.log()
    await log.start()
    assert log.problem == ""
    assert log.head.size >= max(seen.checkpoints, default=0)
    await log.publish(state, "ab" * 32)  # what waits for a state waits no longer
    assert box.verify() == 0
    seen.note(log.checkpoint)
    subtree = subtrees(await _leaves(box, log.head.size))
    for size, root in seen.checkpoints.items():
        assert tree.root(size, subtree) == root
    told = await box.told(log.head.origin)
    assert told == sorted(set(told))
    assert seen.told <= set(told)
    size = log.head.size
    await log.close()
    box.logs.remove(log)
    return int(size)


async def _leaves(box: Any, size: int) -> list[bytes]:
    ledger = StoreLedger(lambda: box.database)
    history = await ledger.newest("box/weir")
    assert history is not None
    return list(await ledger.leaves(history.head.origin, 0, size))


def _plans(chance: random.Random) -> list[tuple[str, int]]:
    """How each writer ends: thirds by steps, by acts on the disk, and from outside."""
    third = KILLS // 3
    steps = [(STEPS[number % len(STEPS)], chance.randrange(3)) for number in range(third)]
    acts = [("act", chance.randrange(1, ACTS)) for _ in range(third)]
    plans = steps + acts + [("outside", 0)] * (KILLS - 2 * third)
    chance.shuffle(plans)
    return plans


@pytest.mark.timeout(600)  # half a minute by itself, on a machine with nothing else to do
async def test_killed_writers_take_nothing_back(small_box: Any, subtrees: Any, manifest: Any) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(small_box.config.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    small_box.unix = time.time()
    chance, seen, size = random.Random(200), Seen(), 0
    try:
        for plan in _plans(chance):
            _live_and_die(process, plan, chance.uniform(0, LONGEST), seen)
            small_box.unix = time.time()
            after = await _check(small_box, seen, subtrees, manifest(len(seen.told)))
            assert after >= size
            size = after
    finally:
        process.stdin.close() if process.stdin else None
        process.wait(10)
        process.stdout.close() if process.stdout else None
    assert len(seen.told) > KILLS
    assert len(small_box.replay()) == size
