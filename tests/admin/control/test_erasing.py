"""The end of a list: who may decide it, what is left of it, and that no death of control keeps it alive."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from admin.audit.events import EventKind
from admin.control.announcing import Announcer
from admin.control.controller import PUBLISH_RETRY
from admin.services.actors import Actor, ActorKind, DeniedError, Permission
from admin.services.announced import Announcement
from admin.services.errors import ConflictError, InvalidError
from blocklists.canonical import to_wire
from blocklists.sealed_texts import SealedTexts

ANNA = Actor.of_the_box(ActorKind.LOCAL, "anna")
BELA = Actor.of_the_box(ActorKind.LOCAL, "bela")
WHY = "The licence was withdrawn."
LISTED = b"illegal.example\n"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(world: Any, told: list[Announcement]) -> AsyncIterator[Any]:
    async def record(announcements: Any) -> None:
        told.extend(announcements)

    controller = world.controller()
    controller._announcer = Announcer(record)
    await controller.start()
    task = asyncio.ensure_future(controller.run())
    try:
        yield controller
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
def told() -> list[Announcement]:
    """What the audit log was told."""
    return []


@pytest.fixture
def listed(world: Any, bets: str, watch: str) -> Any:
    """A world with a public list and a secret one."""
    world.write(bets, watch)
    world.sources.texts = {"bets": b"bets.example\n", "watch": LISTED}
    return world


def names(world: Any, name: str) -> bool:
    return bool(world.view().listing(to_wire(name)).bits)


def kinds(told: list[Announcement]) -> list[EventKind]:
    return [item.event.kind for item in told if item.event.subject == "watch"]


def is_gone(world: Any) -> bool:
    """Whether nothing is left of the list but what people decided."""
    folder = world.place.lists / "watch"
    return [path.name for path in folder.iterdir()] == ["life.json"] and not names(world, "illegal.example")


async def test_two_persons_erase_a_list_and_nothing_is_left(listed: Any, told: list[Announcement]) -> None:
    async with running(listed, told) as controller:
        copies = {path: path.read_bytes() for path in (listed.place.lists / "watch").glob("sealed-*")}
        snapshots = set(listed.place.state.glob("snapshot-*.weir"))
        decided = await controller.lists.erase(ANNA, "watch", WHY)
        assert "second person" in decided.message
        again = await controller.lists.erase(ANNA, "watch", WHY)
        assert "second person" in again.message  # the same person counts once
        assert names(listed, "illegal.example")
        decided = await controller.lists.erase(BELA, "watch", WHY)
        assert "destroyed" in decided.message
        await until(lambda: EventKind.LIST_ERASED in kinds(told))
        await until(lambda: is_gone(listed))
        assert names(listed, "bets.example")
        assert not snapshots & set(listed.place.state.glob("snapshot-*.weir"))
        asked = len(listed.sources.asked)
        listed.pass_time(86_400.0)
        controller._wake.set()
        await until(lambda: len(listed.sources.asked) > asked)
        assert "watch" not in listed.sources.asked[asked:]
        with pytest.raises(ConflictError, match="erased already"):
            await controller.lists.erase(ANNA, "watch", WHY)
    wanted = [EventKind.LIST_APPROVED, EventKind.LIST_APPROVED, EventKind.LIST_ERASING, EventKind.LIST_ERASED]
    assert kinds(told)[-4:] == wanted
    begun, ended = (item.event for item in told if item.event.kind in wanted[2:])
    assert begun.before == ended.before != ended.after
    assert (ended.detail["versions"], ended.detail["texts_left"], ended.reason) == (1, 0, WHY)
    for path, content in copies.items():  # as from a backup: the key is gone for good
        path.write_bytes(content)
        assert listed.keeper().store.text("watch", path.name.removeprefix("sealed-")) is None


async def test_who_may_not_erase(listed: Any, told: list[Announcement]) -> None:
    manager = replace(ANNA, permissions=ANNA.permissions - {Permission.LISTS_ERASE})
    async with running(listed, told) as controller:
        with pytest.raises(DeniedError, match="lists:erase"):
            await controller.lists.erase(manager, "watch", WHY)
        with pytest.raises(InvalidError, match="say why"):
            await controller.lists.erase(ANNA, "watch", " ")
        await controller.lists.erase(ANNA, "watch", WHY)
        listed.pass_time(24 * 3600.0 + 1)
        decided = await controller.lists.erase(BELA, "watch", WHY)
        assert "second person" in decided.message  # the first consent has lapsed
        assert names(listed, "illegal.example")


async def test_the_end_of_a_licence_erases_by_itself(
    listed: Any, bets: str, watch: str, told: list[Announcement]
) -> None:
    # 1 800 000 000 is 2027-01-15.
    listed.write(bets, watch.replace("kind: illegal", "kind: illegal, licence_ends: 2027-01-15"))
    async with running(listed, told) as controller:
        assert names(listed, "illegal.example")
        listed.pass_time(86_400.0)
        controller._wake.set()
        await until(lambda: EventKind.LIST_ERASED in kinds(told))
        await until(lambda: is_gone(listed))
        with pytest.raises(ConflictError, match="licence_ends"):
            await controller.lists.resume(ANNA, "watch", "It is paid for.")
        listed.write(bets, watch.replace("kind: illegal", "kind: illegal, licence_ends: 2028-01-15"))
        assert (await controller.reload()).accepted
        await until(lambda: is_gone(listed))
        await controller.lists.resume(ANNA, "watch", "It is paid for.")
        await until(lambda: names(listed, "illegal.example"))
    assert SealedTexts(listed.place.lists, bytes(32)).locked() == ("watch",)  # a key of its own again


async def test_a_fetch_that_is_under_way_brings_nothing_back(listed: Any, told: list[Announcement]) -> None:
    async with running(listed, told) as controller:
        listed.sources.hold["watch"] = asyncio.Event()
        listed.sources.texts["watch"] = b"illegal.example\nnew.example\n"
        await controller.lists.sync(ANNA, "watch")
        await until(lambda: "watch" in listed.sources.running)
        await controller.lists.erase(ANNA, "watch", WHY)
        await controller.lists.erase(BELA, "watch", WHY)
        listed.sources.hold["watch"].set()
        await until(lambda: EventKind.LIST_ERASED in kinds(told))
        await until(lambda: is_gone(listed))


async def test_an_update_of_another_list_of_the_same_server_delays_nothing(
    listed: Any, bets: str, watch: str, told: list[Announcement]
) -> None:
    listed.write(bets, watch.replace("other.example", "lists.example"))
    async with running(listed, told) as controller:
        listed.sources.hold["bets"] = asyncio.Event()
        await controller.lists.sync(ANNA, "bets")
        await until(lambda: "bets" in listed.sources.running)
        await controller.lists.sync(ANNA, "watch")  # waits for its turn
        await controller.lists.erase(ANNA, "watch", WHY)
        await controller.lists.erase(BELA, "watch", WHY)
        await until(lambda: is_gone(listed))
        assert EventKind.LIST_ERASED not in kinds(told)
        listed.sources.hold["bets"].set()
        await until(lambda: EventKind.LIST_ERASED in kinds(told))
        await until(lambda: is_gone(listed))


class _KilledError(BaseException):
    """What ends the process in the middle."""


@pytest.mark.parametrize("step", range(0, 14, 2))
async def test_whatever_dies_it_ends_erased(
    listed: Any, told: list[Announcement], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    calls, unlink = 0, os.unlink

    def killed(path: Any, *, dir_fd: int | None = None) -> None:
        nonlocal calls
        calls += 1
        if calls > step:
            raise _KilledError
        unlink(path, dir_fd=dir_fd)

    controller = listed.controller()
    await controller.start()
    await controller.lists.erase(ANNA, "watch", WHY)
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", killed)
        with contextlib.suppress(_KilledError):
            await controller.lists.erase(BELA, "watch", WHY)
            await controller._step()
    async with running(listed, told):
        await until(lambda: EventKind.LIST_ERASED in kinds(told))
        await until(lambda: is_gone(listed))
    assert kinds(told).count(EventKind.LIST_ERASED) == 1


async def test_a_full_disk_delays_and_forgets_nothing(
    listed: Any, told: list[Announcement], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    async with running(listed, told) as controller:
        await controller.lists.erase(ANNA, "watch", WHY)
        await controller.lists.erase(BELA, "watch", WHY)
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            controller._wake.set()
            await until(lambda: bool(controller.condition().publish_problem))
        listed.pass_time(PUBLISH_RETRY)
        controller._wake.set()
        await until(lambda: EventKind.LIST_ERASED in kinds(told))
        await until(lambda: is_gone(listed))
