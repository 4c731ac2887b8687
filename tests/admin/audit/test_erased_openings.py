"""An opening that is erased changes nothing of the log: it verifies, grows and starts as before."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from admin.audit.events import Event, EventKind
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.services.audit_erasing import Target, erase_private
from admin.services.audit_private import PrivatePart, open_private
from resolver.tlog.commitments import commit

ANNA = Actor(ActorKind.TOKEN, "a1", "Anna")
BEN, CARL = (Actor.of_the_box(ActorKind.LOCAL, name) for name in ("ben", "carl"))
VERIFIER = Path(__file__).parents[3] / "admin/audit/verifier.py"


async def opened(box: Any, sequence: int) -> PrivatePart:
    async with box.database.transaction() as transaction:
        (part,) = await open_private(transaction, Act(BEN, box.unix, "a test"), sequence)
    return part


def verified(box: Any) -> int:
    """The exit status of the verifier that knows nothing of Weir."""
    command = [sys.executable, str(VERIFIER), str(box.place.log), "--key", str(box.place.log_vkey), "--quiet"]
    moment = datetime.fromtimestamp(box.unix, UTC).isoformat()
    return subprocess.run([*command, "--at", moment], capture_output=True, timeout=150).returncode


async def test_a_log_with_erased_openings_verifies_and_goes_on(small_box: Any) -> None:
    box = small_box
    log = box.log()
    await log.start()
    async with box.database.transaction() as transaction:
        suspended = Event(EventKind.LIST_SUSPENDED, "bets", reason="Anna had a reason")
        transaction.record(suspended, ANNA, box.unix)
        sequence = transaction.sequence
    await log.catch_up()
    box.pass_time(60)  # what may change the state waits for a while for the publication that it belongs to
    await log.catch_up()
    before = await opened(box, sequence)
    (leaf,) = [leaf for leaf in box.replay() if leaf.seq == before.index]
    assert leaf.priv == commit(bytes.fromhex(before.opening), before.private.encode()).hex()
    assert "Anna had a reason" in before.private
    await log.catch_up()
    for actor in (BEN, CARL):
        async with box.database.transaction() as transaction:
            done = await erase_private(transaction, Act(actor, box.unix, "she left"), Target(holder="Anna"))
        await log.catch_up()
    assert (done.waits, done.events, done.parts) == (False, 1, 1)
    size = len(box.replay())
    assert verified(box) == 0
    again = box.log()
    await again.start()
    assert again.problem == ""
    after = await opened(box, sequence)
    assert after.is_erased
    assert after.leaf == before.leaf
    await again.catch_up()
    assert len(box.replay()) == size + 1
    assert verified(box) == 0
    for served in box.place.log.rglob("*"):
        assert served.is_dir() or b"Anna" not in served.read_bytes()
    await box.database.fold()
    for file in box.folder.glob("weir.db*"):
        assert b"Anna" not in file.read_bytes(), file
