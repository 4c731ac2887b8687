"""What events keep of people is erased by age, once the clock may be believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from admin.audit.events import Event, EventKind
from admin.control.clocks import Clocks
from admin.control.forgetting import FORGET_LOOK, Forgetting
from admin.control.storage import Storage
from admin.services.actors import Actor, ActorKind
from admin.store.database import Database
from admin.store.errors import UnavailableError
from admin.store.tables import EventRow

DAY = 86_400.0
ANNA = Actor(ActorKind.TOKEN, "a1", "Anna")


@dataclass
class Bench:
    """A database with one old event of a person."""

    opened: Database
    unix: float = 2_000_000_000.0
    monotonic: float = 100.0
    away: bool = False

    @property
    def database(self) -> Database:
        if self.away:
            raise UnavailableError("it is away")
        return self.opened

    def forgetting(self) -> Forgetting:
        storage: Storage = self  # type: ignore[assignment]  # has the one property that is used
        return Forgetting(storage, Clocks(lambda: self.unix, lambda: self.monotonic))

    def pass_time(self, seconds: float) -> None:
        self.unix += seconds
        self.monotonic += seconds

    async def holders(self) -> list[str]:
        async with self.opened.reading() as transaction:
            return list(
                await transaction.session.scalars(select(EventRow.holder).order_by(EventRow.sequence))
            )


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(await Database.open(f"sqlite:{tmp_path / 'weir.db'}"))
    async with made.opened.transaction() as transaction:
        transaction.record(Event(EventKind.PROFILE_CHANGED, "teen"), ANNA, made.unix - 100 * DAY)
    yield made
    await made.opened.close()


async def test_what_is_old_is_erased_and_told(bench: Bench) -> None:
    forgetting = bench.forgetting()
    await forgetting.look(90 * DAY)
    assert await bench.holders() == ["Anna"]  # nothing in the first hour
    bench.pass_time(FORGET_LOOK)
    bench.away = True
    await forgetting.look(90 * DAY)
    bench.away = False
    bench.pass_time(FORGET_LOOK)
    await forgetting.look(90 * DAY)
    await forgetting.look(90 * DAY)
    assert await bench.holders() == ["", "schedule:control"]


@pytest.mark.parametrize(("keep", "jump"), [(None, 0.0), (101 * DAY, 0.0), (90 * DAY, 400 * DAY)])
async def test_nothing_is_erased_too_early(bench: Bench, keep: float | None, jump: float) -> None:
    forgetting = bench.forgetting()
    bench.pass_time(FORGET_LOOK)
    bench.unix += jump
    await forgetting.look(keep)
    assert await bench.holders() == ["Anna"]
