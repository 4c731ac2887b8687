"""What is stored comes into force beside the file; and the database may go away at any moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

import admin.control.controller as module
import admin.services.owed_events as owed_module
import admin.store.engines as engines
from admin.audit.events import Event, EventKind
from admin.config import load
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.services.announced import Announcement
from admin.services.lists_declared import LISTS
from admin.services.profiles import PROFILES
from admin.services.subscribers import SUBSCRIBERS
from admin.store.errors import UnavailableError
from admin.store.tables import EventRow
from resolver.tables.view import View

ROOT = Actor.of_the_box(ActorKind.LOCAL, "root")
ACT = Act(ROOT, 5.0)
CHAT = {"url": "https://lists.example/chat", "format": "domains", "kind": "category", "categories": ["chat"]}
LINE = {"profile": "teen", "addresses": ["192.0.2.7"]}


async def do(controller: Any, *steps: tuple[Any, str, tuple[Any, ...]]) -> None:
    """Use cases as the API calls them."""
    async with controller.database.transaction() as transaction:
        for documents, verb, arguments in steps:
            await getattr(documents, verb)(transaction, controller.declared, ACT, *arguments)
    await controller.store_changed()


async def events(controller: Any, kind: str) -> list[tuple[str, str, str]]:
    """Kind, before and after of all events of a kind of thing."""
    async with controller.database.reading() as transaction:
        rows = await transaction.session.scalars(select(EventRow).order_by(EventRow.sequence))
        return [(row.kind, row.before, row.after) for row in rows if row.kind.startswith(kind)]


async def started(world: Any, *lists: str) -> Any:
    world.write(*lists)
    world.sources.texts = {"bets": b"bets.example\n", "chat": b"chat.example\n"}
    controller = world.controller()
    await controller.start()
    await controller._step()
    return controller


def paused(world: Any, address: str) -> bool:
    policy = View.open(world.place.state).policy_for(address)
    return policy is not None and policy.paused


async def test_a_stored_subscriber_is_in_force_in_place_and_after_a_restart(world: Any, bets: str) -> None:
    controller = await started(world, bets)
    await do(
        controller,
        (PROFILES, "create", ("teen", {"paused": True})),
        (SUBSCRIBERS, "create", ("home-7", LINE)),
    )
    assert paused(world, "192.0.2.7")
    generation = View.open(world.place.state).tables.generation
    await do(controller, (SUBSCRIBERS, "create", ("home-8", {**LINE, "addresses": ["192.0.2.8"]})))
    await do(controller, (SUBSCRIBERS, "patch", ("home-7", {"addresses": ["192.0.2.9"]})))
    assert [paused(world, f"192.0.2.{last}") for last in (7, 8, 9)] == [False, True, True]
    await do(controller, (SUBSCRIBERS, "delete", ("home-8",)))
    assert not paused(world, "192.0.2.8")
    assert View.open(world.place.state).tables.generation == generation
    assert [item.id for item in controller.config.subscribers] == ["home-7"]
    assert controller.declared.subscribers == ()
    del controller
    again = world.controller()
    await again.start()
    assert paused(world, "192.0.2.9")


async def test_a_stored_list_is_fetched_compiled_and_taken_away(
    world: Any, bets: str, is_blocked: Any
) -> None:
    controller = await started(world, bets)
    await do(
        controller, (LISTS, "create", ("chat", CHAT)), (PROFILES, "create", ("teen", {"block": ["chat"]}))
    )
    assert is_blocked("chat.example")
    assert is_blocked("bets.example")
    await do(controller, (LISTS, "delete", ("chat",)))
    assert not is_blocked("chat.example")


async def test_a_reload_keeps_what_is_stored_and_is_refused_where_they_clash(world: Any, bets: str) -> None:
    controller = await started(world, bets)
    await do(
        controller,
        (PROFILES, "create", ("teen", {"paused": True})),
        (SUBSCRIBERS, "create", ("home-7", LINE)),
    )
    world.write(bets, block="chat")
    assert (await controller.reload()).accepted
    assert paused(world, "192.0.2.7")
    text = world.config_path.read_text()
    world.config_path.write_text(text.replace("profiles: {", "profiles: {teen: {}, "))
    result = await controller.reload()
    assert not result.accepted
    assert "profile `teen` of the database is left out" in result.problems[0]
    assert paused(world, "192.0.2.7")


async def test_a_start_serves_what_it_can_where_they_clash(world: Any, bets: str) -> None:
    controller = await started(world, bets)
    await do(
        controller,
        (PROFILES, "create", ("teen", {"paused": True})),
        (SUBSCRIBERS, "create", ("home-7", LINE)),
    )
    del controller
    text = world.config_path.read_text()
    world.config_path.write_text(text.replace("profiles: {", "profiles: {teen: {}, "))
    again = world.controller()
    with capture_logs() as logs:
        await again.start()
    assert not paused(world, "192.0.2.7")  # the file's profile of this name pauses nobody
    assert len(again.clashes) == 1
    assert [log for log in logs if "do not fit together" in log["event"]]


async def test_configurations_leave_events_with_the_digests_of_the_files(world: Any, bets: str) -> None:
    controller = await started(world, bets)
    first = controller.declared.digest
    world.write(bets, block="chat")
    await controller.reload()
    second = controller.declared.digest
    world.config_path.write_text("nonsense: true\n")
    await controller.reload()
    assert await events(controller, "config") == [
        ("config.loaded", "", first),
        ("config.loaded", first, second),
        ("config.refused", second, second),
    ]
    assert len(first) == 64
    assert first != second


async def test_what_every_start_tells_is_told_when_it_differs(world: Any, bets: str) -> None:
    sampled = "telemetry: {query_sample: %s}\n"
    world.write(bets, more=sampled % "1/1000")
    world.sources.texts = {"bets": b"bets.example\n"}
    for rate in ("1/1000", "1/1000", "1/500", "off", "off"):
        world.write(bets, more=sampled % rate)
        controller = world.controller()
        await controller.start()
        await controller._step()
        software, debug = await events(controller, "software"), await events(controller, "debug")
        loaded = await events(controller, "config.loaded")
        del controller
    assert len(software) == 1
    assert [kind for kind, _, _ in debug] == ["debug.on", "debug.on", "debug.off"]
    assert (debug[1][1], debug[2][1:]) == (debug[0][2], (debug[1][2], ""))
    assert len(loaded) == 3
    assert [before for _, before, _ in loaded] == ["", *(after for _, _, after in loaded[:-1])]


async def test_a_note_is_written_although_control_ended_before_the_database_came(
    world: Any, bets: str
) -> None:
    world.write(bets)
    world.place.create()
    (storage,) = [world.controller()._storage]
    await storage.note(Event(EventKind.LIST_SCANNED, "", detail={"clients": 3}), ROOT, 1.0)
    world.storages.clear()
    again = await started(world, bets)
    assert await events(again, "list.scanned") == [("list.scanned", "", "")]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_list_that_is_taken_away_tells_what_was_decided_about_it(
    world: Any, bets: str, watch: str, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    world.sources.texts = {"bets": b"bets.example\n", "watch": b"illegal.example\n"}
    world.write(bets, watch)
    controller = world.controller()
    await controller.start()
    await controller._step()

    async def away(*_: object) -> None:
        raise UnavailableError("it is away")

    with monkeypatch.context() as patched:
        patched.setattr(controller._announcer, "_record", away)
        await controller.lists.suspend(ROOT, "watch", "case 7", None)
        world.write(bets)
        if restarted:
            del controller
        else:
            assert (await controller.reload()).accepted
            await controller._step()
    if restarted:
        controller = world.controller()
        await controller.start()
    for _ in range(2):
        await controller._step()
        assert [kind for kind, _, _ in await events(controller, "list.suspended")] == ["list.suspended"]
    assert controller._keeper.lives.leaving == ()
    world.write(bets, watch)
    assert (await controller.reload()).accepted
    assert controller._keeper.lives.life("watch").suspension is not None


async def test_an_event_that_is_announced_twice_is_written_once(world: Any, bets: str) -> None:
    controller = await started(world, bets)
    told = [
        Announcement(Event(EventKind.LIST_SYNCED, "bets", detail={"change": mark}), ROOT, 7.0)
        for mark in "ab"
    ]
    before = await events(controller, "list")
    await controller._storage.record(told[:1])
    await controller._storage.record(told)
    assert len(await events(controller, "list")) == len(before) + 2


async def test_an_event_alone_publishes_nothing(world: Any, bets: str) -> None:
    controller = await started(world, bets)
    published: list[object] = []
    controller.on_published = published.append
    async with controller.database.transaction() as transaction:
        transaction.record(Event(EventKind.TOKEN_CREATED, "x"), ROOT, 7.0)
    await controller.store_changed()
    assert published == []


async def test_what_another_process_stored_is_seen_after_a_while(world: Any, bets: str, opened: Any) -> None:
    controller = await started(world, bets)
    other = await opened(f"sqlite:{world.place.data_dir / 'weir.db'}")
    async with other.transaction() as transaction:
        await PROFILES.create(transaction, controller.declared, ACT, "teen", {"paused": True})
        await SUBSCRIBERS.create(transaction, controller.declared, ACT, "home-7", LINE)
    await controller._step()
    assert not paused(world, "192.0.2.7")
    world.pass_time(module.STORE_LOOK + 1)
    await controller._step()
    assert paused(world, "192.0.2.7")


async def test_a_locked_database_stops_changes_and_nothing_else(
    world: Any, bets: str, monkeypatch: pytest.MonkeyPatch, is_blocked: Any
) -> None:
    monkeypatch.setattr(engines, "LOCK_SECONDS", 0.05)
    controller = await started(world, bets)
    other = sqlite3.connect(world.place.data_dir / "weir.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="another process keeps it locked"):
        await do(controller, (PROFILES, "create", ("teen", {})))
    world.write(bets, block="chat")
    assert (await controller.reload()).accepted
    assert is_blocked("bets.example")
    other.execute("ROLLBACK")
    other.close()
    world.pass_time(module.STORE_LOOK + 1)
    await controller._step()
    assert len(await events(controller, "config.loaded")) == 2  # the second was owed


async def test_a_damaged_database_is_said_once_and_the_file_is_served(
    world: Any, bets: str, is_blocked: Any
) -> None:
    world.place.data_dir.mkdir(parents=True)
    (world.place.data_dir / "weir.db").write_bytes(b"nonsense " * 100)
    with capture_logs() as logs:
        controller = await started(world, bets)
        world.pass_time(module.STORE_LOOK + 1)
        await controller._step()
    assert is_blocked("bets.example")
    with pytest.raises(UnavailableError, match="restore a backup"):
        _ = controller.database
    assert len([log for log in logs if log["event"].startswith("the database cannot be used")]) == 1


async def test_events_are_owed_no_further_than_memory_allows(
    world: Any, bets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owed_module, "MOST_OWED", 3)
    world.write(bets)
    world.controller()
    (storage,) = world.storages
    for number in range(5):
        await storage.note(Event(EventKind.CONFIG_LOADED, str(number)), ROOT, 1.0)
    world.place.create()
    assert await storage.refresh(load(world.config_path))
    async with storage.database.reading() as transaction:
        subjects = list(
            await transaction.session.scalars(select(EventRow.subject).order_by(EventRow.sequence))
        )
    assert subjects == ["2", "3", "4"]


# ---- PostgreSQL ----


def use_postgresql(world: Any, address: str) -> Callable[..., None]:
    """Configurations with this database."""

    def write(*lists: str) -> None:
        type(world).write(world, *lists, more=f"admin: {{database: {address!r}}}\n")

    return write


async def test_postgresql_that_goes_away_and_comes_back(
    world: Any, bets: str, cluster: Any, is_blocked: Any
) -> None:
    write = use_postgresql(world, cluster.new_database())
    write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    await do(
        controller,
        (PROFILES, "create", ("teen", {"paused": True})),
        (SUBSCRIBERS, "create", ("home-7", LINE)),
    )
    cluster.stop()
    try:
        with pytest.raises(UnavailableError):
            await do(controller, (PROFILES, "create", ("child", {})))
        world.sources.texts["bets"] = b"bets.example\npoker.example\n"
        world.pass_time(4000)
        controller._fetching.begin("bets")
        await controller._fetching.running["bets"]
        await controller._step()
        assert is_blocked("poker.example")  # lists go on
        assert paused(world, "192.0.2.7")
        del controller

        again = world.controller()
        ready: list[object] = []
        again.on_published = ready.append
        await again.start()
        assert ready  # whoever started us must not wait for ever
        assert paused(world, "192.0.2.7")  # the last published state
        assert "cannot be reached" in again.condition().publish_problem
        assert not await again.enforce()
        assert paused(world, "192.0.2.7")
    finally:
        cluster.start()
    world.pass_time(module.STORE_LOOK + 1)
    await again._step()
    assert again.condition().publish_problem == ""
    assert paused(world, "192.0.2.7")
    await do(again, (SUBSCRIBERS, "delete", ("home-7",)))
    assert not paused(world, "192.0.2.7")


async def test_a_first_start_without_its_database_serves_the_file(
    world: Any, bets: str, is_blocked: Any
) -> None:
    use_postgresql(world, "postgresql://weir@/weir?host=/nowhere")(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    assert is_blocked("bets.example")
    with pytest.raises(UnavailableError, match="cannot be reached"):
        _ = controller.database
    world.write(bets)
    result = await controller.reload()
    assert "admin.database cannot change while Weir runs" in result.problems[0]
