"""Which state held at a time, over the logs of one box that follow one another."""

from __future__ import annotations

import pytest

from admin.services.errors import NotFoundError
from admin.services.log_states import list_state, state_at
from admin.store.database import Database
from admin.store.log_tables import LogLeafRow, LogManifestRow, LogRow
from resolver.tlog import manifests
from resolver.tlog.manifests import ListState, Manifest
from resolver.tlog.tree import EMPTY_ROOT

ZERO = "0" * 64
MANIFEST = manifests.encode(
    Manifest(lists={"watch": ListState(conf="secret", commit="c" * 64)}, profiles={}, software="1.0")
)
STATE = manifests.digest(MANIFEST)
LOGS = {
    "box/weir/2026": [(100, ZERO), (110, "a" * 64), (110, "b" * 64), (130, "b" * 64)],
    "box/weir/2027": [(200, ZERO), (205, STATE)],
    "other/weir/2026": [(1, "f" * 64)],
}


@pytest.fixture
async def logged(database: Database) -> Database:
    async with database.transaction() as transaction:
        for number, (origin, leaves) in enumerate(LOGS.items(), start=1):
            transaction.session.add(
                LogRow(
                    origin=origin, series=origin.rpartition("/")[0], number=number, size=len(leaves), root=EMPTY_ROOT,
                    note=b"", time=0, state="", bound=None, events=0, closed=False,
                )
            )  # fmt: skip
            await transaction.session.flush()
            for seq, (t, state) in enumerate(leaves):
                leaf = b'{"state":"%s","t":%d}' % (state.encode(), t)
                transaction.session.add(LogLeafRow(origin=origin, seq=seq, leaf=leaf))
        transaction.session.add(LogManifestRow(state=STATE, manifest=MANIFEST))
    return database


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (110.0, "b" * 64),
        (129.5, "b" * 64),
        (199.9, "b" * 64),
        (201.0, "b" * 64),  # the new log has no state yet: the one before it still holds
        (205.0, STATE),
        (1e12, STATE),
    ],
)
async def test_the_state_of_a_time(logged: Database, at: float, state: str) -> None:
    async with logged.reading() as transaction:
        assert await state_at(transaction, "box/weir/2027", at) == state


@pytest.mark.parametrize(
    ("origin", "at"), [("box/weir/2027", 99.0), ("box/weir/2027", 105.0), ("", 300.0), ("x", 300.0)]
)
async def test_times_without_a_state(logged: Database, origin: str, at: float) -> None:
    async with logged.reading() as transaction:
        with pytest.raises(NotFoundError):
            await state_at(transaction, origin, at)


async def test_what_a_state_says_of_a_list(logged: Database) -> None:
    async with logged.reading() as transaction:
        assert (await list_state(transaction, STATE, "watch")).commit == "c" * 64
        for state, list_id in ((STATE, "nobody"), ("a" * 64, "watch"), ("", "watch")):
            with pytest.raises(NotFoundError):
                await list_state(transaction, state, list_id)
