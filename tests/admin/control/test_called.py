"""Lists whose sources say that there is something new, and zones at their own pace: keeper and controller together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from admin.control.schedule import CALL_GAP
from blocklists.model import Kind, ListSource, Timers
from blocklists.properties import Fetching, Transfer
from blocklists.records import AgeLevel

ZONE = ListSource(
    "zone",
    "zone:rpz.hotline.example",
    "rpz",
    Kind.SECURITY,
    fetching=Fetching(transfer=Transfer("rpz.hotline.example", ("192.0.2.53:53",))),
)
TIMED = Timers(refresh=600, retry=120, expire=7_200)
LINE = (
    "{id: zone, format: rpz, kind: security, transfer: {zone: rpz.hotline.example, primaries: [192.0.2.53]}}"
)


def rules(*names: str) -> bytes:
    return "".join(f"{name} 60 IN CNAME .\n" for name in names).encode()


@asynccontextmanager
async def running(controller: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(controller.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0)


async def test_a_called_list_is_fetched_at_once_and_enforced(world: Any) -> None:
    world.sources.texts["zone"] = rules("one.example")
    world.write(LINE)
    controller = world.controller()
    await controller.start()
    async with running(controller):
        world.sources.texts["zone"] = rules("one.example", "two.example")
        before = controller.condition().generation
        controller.called(["zone", "nobody"])
        await until(lambda: controller.condition().generation > before)
    assert controller.condition().snapshot_entries == 2


async def test_calls_during_a_fetch_are_one_fetch_after_it(world: Any) -> None:
    world.sources.texts["zone"] = rules("one.example")
    keeper = world.keeper()
    keeper.follow([ZONE])
    world.sources.hold["zone"] = asyncio.Event()
    first = asyncio.ensure_future(keeper.fetch("zone"))
    await until(lambda: world.sources.running)
    for _ in range(3):
        keeper.called(["zone"])
    world.sources.hold["zone"].set()
    assert await first
    assert keeper.due() == {"zone"}
    assert not await keeper.fetch("zone")
    assert keeper.due() == set()
    keeper.called(["zone"])
    assert keeper.due() == set()
    world.pass_time(CALL_GAP)
    assert keeper.due() == {"zone"}


async def test_zones_of_one_primary_wait_for_each_other(world: Any) -> None:
    other = replace(ZONE, id="other", url="zone:rpz.other.example")
    world.sources.texts = {"zone": rules("a.example"), "other": rules("b.example")}
    keeper = world.keeper()
    keeper.follow([ZONE, other])
    await asyncio.gather(keeper.fetch("zone"), keeper.fetch("other"))
    assert world.sources.most_at_once == 1


async def test_a_zone_is_looked_for_at_its_own_pace_and_again_at_every_start(world: Any) -> None:
    world.sources.timers = TIMED
    world.sources.texts["zone"] = rules("one.example")
    keeper = world.keeper()
    keeper.follow([ZONE])
    assert await keeper.fetch("zone")
    assert keeper.next_due() == pytest.approx(world.monotonic + 600)
    world.sources.texts["zone"] = None
    for wait in (60, 120, 120):
        await keeper.fetch("zone")
        assert keeper.next_due() == pytest.approx(world.monotonic + wait)
    again = world.keeper()
    assert again.follow([ZONE]) == set()  # nothing waits for it, the kept version serves
    assert again.due() == {"zone"}


async def test_an_expired_zone_is_past_its_age_until_its_primary_is_back(world: Any) -> None:
    world.sources.timers = TIMED
    world.sources.texts["zone"] = rules("one.example")
    keeper = world.keeper()
    keeper.follow([ZONE])
    await keeper.fetch("zone")
    world.sources.texts["zone"] = None
    for _ in range(12):
        world.pass_time(601)
        await keeper.fetch("zone")
        await keeper.lives.advance()
    assert keeper.lives.life("zone").age is AgeLevel.PAST
    world.sources.texts["zone"] = rules("one.example")
    await keeper.fetch("zone")
    await keeper.lives.advance()
    assert keeper.lives.life("zone").age is AgeLevel.CURRENT
