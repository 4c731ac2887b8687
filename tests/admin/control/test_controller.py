"""Control's work as stories: starting, reloading, bad files, full disks, slow servers."""

from __future__ import annotations

import asyncio
import errno
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

import admin.control.controller as module
from blocklists.canonical import to_wire
from blocklists.snapshot.compiler import CompileError


def blocked(world: Any, name: str) -> bool:
    view = world.view()
    return bool(view.listing(to_wire(name)).bits)


def generation(world: Any) -> int:
    return world.view().tables.generation


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


class Running:
    """A controller whose loop runs in the background."""

    def __init__(self, controller: Any) -> None:
        self._controller = controller

    async def __aenter__(self) -> None:
        await self._controller.start()
        self._task = asyncio.ensure_future(self._controller.run())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_FETCH_LIMIT", 5.0)


async def test_a_start_fetches_compiles_and_publishes(world: Any, bets: str, watch: str) -> None:
    world.write(bets, watch)
    world.sources.texts = {"bets": b"bets.example\n", "watch": b"illegal.example\n"}
    controller = world.controller()
    await controller.start()
    condition = controller.condition()
    assert blocked(world, "bets.example")
    assert blocked(world, "illegal.example")
    assert condition.generation == 1
    assert condition.processes == ("resolver-0", "resolver-1", "gateway")
    assert condition.publish_problem == ""
    assert (await controller.view()).tables.generation == 1


@pytest.mark.parametrize("has_secret", [False, True])
async def test_the_size_of_all_lists_is_not_told_where_one_is_secret(
    world: Any, bets: str, watch: str, has_secret: bool
) -> None:
    world.write(bets, *([watch] if has_secret else []))
    world.sources.texts = {"bets": b"bets.example\n", "watch": b"illegal.example\n"}
    controller = world.controller()
    await controller.start()
    condition = controller.condition()
    assert condition.snapshot_entries == (None if has_secret else 1)
    assert (condition.snapshot_bytes is None) == has_secret


async def test_generation_numbers_go_on_after_a_restart(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    await world.controller().start()
    world.write(bets.replace("kind: category", "kind: category, title: Other"))
    again = world.controller()
    await again.start()
    assert again.condition().generation == 2
    assert world.sources.asked == ["bets"]


async def test_an_illegal_list_that_never_came_does_not_keep_the_rest_from_serving(
    world: Any, bets: str, watch: str
) -> None:
    world.write(bets, watch)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    async with Running(controller):
        assert blocked(world, "bets.example")
        (watched,) = (item for item in controller.condition().lists if item.id == "watch")
        assert not watched.loaded
        world.sources.texts["watch"] = b"illegal.example\n"
        world.pass_time(61.0)
        controller._wake.set()
        await until(lambda: generation(world) == 2)
    assert blocked(world, "illegal.example")


async def test_a_slow_server_holds_nothing_up(world: Any, bets: str, watch: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "FIRST_FETCH_LIMIT", 0.5)
    world.write(bets, watch)
    world.sources.texts = {"bets": b"bets.example\n", "watch": b"illegal.example\n"}
    world.sources.hold["bets"] = asyncio.Event()
    controller = world.controller()
    async with Running(controller):
        assert blocked(world, "illegal.example")
        assert not blocked(world, "bets.example")
        world.sources.hold["bets"].set()
        await until(lambda: generation(world) == 2)
    assert blocked(world, "bets.example")


async def test_lists_are_kept_current(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    async with Running(controller):
        world.sources.texts["bets"] = b"bets.example\nmore.example\n"
        world.pass_time(3600.0)
        controller._wake.set()
        await until(lambda: blocked(world, "more.example"))
        world.pass_time(3600.0)
        controller._wake.set()
        await until(lambda: len(world.sources.asked) == 3)
    assert len(world.compiled) == 1  # a small change is put beside what was compiled, none is nothing at all


async def test_a_reload_takes_what_changed(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n", "talk": b"talk.example\n"}
    controller = world.controller()
    await controller.start()
    world.write(bets, more="categories: {gambling: {title: Bets}}\n")
    assert (await controller.reload()).generation == 2
    assert len(world.compiled) == 1  # the same lists
    world.write(bets, bets.replace("bets", "talk").replace("gambling", "chat"))
    assert (await controller.reload()).accepted
    assert world.compiled == [("bets",), ("bets", "talk")]
    assert blocked(world, "talk.example")
    assert controller.condition().config.accepted == 2


async def test_what_differs_in_profiles_alone_is_changed_in_place(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    view = world.view()
    before = view.policy(view.default_policy)
    world.write(bets, block="")
    with capture_logs() as logs:
        result = await controller.reload()
    assert (result.accepted, result.generation) == (True, 1)
    assert {"policies": 1, "default": True, "clients": 0, "removed": 0}.items() <= logs[0].items()
    assert before is not None
    assert before.block != 0
    after = view.policy(view.default_policy)
    assert after is not None
    assert after.block == 0
    world.write(bets, block="", more="categories: {gambling: {title: Bets}}\n")
    assert (await controller.reload()).generation == 2
    world.write(bets, block="gambling", more="categories: {gambling: {title: Bets}}\n")
    assert (await controller.reload()).generation == 2
    assert (await controller.view()).policy_for("127.0.0.1") == world.view().policy_for("127.0.0.1")


async def test_a_bad_file_changes_nothing_and_every_mistake_is_named(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    world.write(bets, block="gambling, gamblign", more="colour: red\n")
    with capture_logs() as logs:
        result = await controller.reload()
    assert not result.accepted
    assert result.generation == 1
    assert [problem.partition(": ")[0].rpartition(":")[2] for problem in result.problems] == ["6", "8"]
    assert all(str(world.config_path) in problem for problem in result.problems)
    assert [entry["log_level"] for entry in logs] == ["error", "error"]
    assert generation(world) == 1
    condition = controller.condition().config
    assert (condition.accepted, condition.rejected, condition.problems) == (0, 1, result.problems)
    world.write(bets)
    await controller.reload()
    assert controller.condition().config.problems == ()


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("admin: {token_file: token}\n", "admin.token_file cannot be read: No such file or directory"),
        ("data_dir: elsewhere\n", "data_dir cannot change while Weir runs: restart it"),
    ],
)
async def test_what_a_reload_cannot_do(world: Any, bets: str, more: str, problem: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    text = world.config_path.read_text()
    world.config_path.write_text(
        text.replace("data_dir: var\n", "") + more if "data_dir" in more else text + more
    )
    (said,) = (await controller.reload()).problems
    assert problem in said
    assert controller.keys.file is None


async def test_a_token_is_taken_with_its_configuration(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    (world.folder / "token").write_text("a-token-of-twenty-six-letters\n")
    world.write(bets, more="admin: {token_file: token}\n")
    assert (await controller.reload()).accepted
    assert controller.keys.file == "a-token-of-twenty-six-letters"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "No space left on device: make room or mend the disk",
        ),
        (CompileError("more than 256 categories"), "more than 256 categories"),
    ],
)
async def test_what_cannot_be_published_leaves_the_last_good_state(
    world: Any, bets: str, error: Exception, words: str
) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    async with Running(controller):
        world.compile_error = error
        world.sources.texts["bets"] = b"more.example\n"
        world.write(bets.replace("format: domains", "format: domains, title: Changed"))
        result = await controller.reload()
        assert not result.accepted
        assert words in result.problems[0]
        assert generation(world) == 1
        assert controller.condition().publish_failures >= 1
        assert words in controller.condition().publish_problem
        assert controller.config.lists[0].title != "Changed"
        world.compile_error = None
        world.pass_time(module.PUBLISH_RETRY + 1)
        controller._wake.set()
        await until(lambda: blocked(world, "more.example") and not controller.condition().publish_problem)


async def test_a_first_start_on_a_full_disk_recovers(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    world.compile_error = OSError(errno.ENOSPC, "No space left on device")
    controller = world.controller()
    async with Running(controller):
        assert controller.condition().generation is None
        world.compile_error = None
        world.pass_time(module.PUBLISH_RETRY + 1)
        controller._wake.set()
        await until(lambda: controller.condition().generation == 1)


async def test_an_enforced_list_is_never_silently_dropped(world: Any, bets: str, watch: str) -> None:
    world.write(bets, watch)
    world.sources.texts = {"bets": b"bets.example\n", "watch": b"illegal.example\n"}
    await world.controller().start()
    gc.collect()  # as if its process had ended: nobody else writes beside the compiled lists now
    world.sources.texts["watch"] = None
    next((world.place.lists / "watch").glob("sealed-*")).write_bytes(b"damaged")
    again = world.controller()
    await again.start()
    assert generation(world) == 2  # policies can still change: over the compiled lists in force
    assert blocked(world, "illegal.example")
    world.write(bets, watch.replace("kind: illegal", "kind: illegal, title: Other"))
    result = await again.reload()
    assert "list watch is enforced but its text cannot be read any more" in result.problems[0]
    assert generation(world) == 2
    assert blocked(world, "illegal.example")
    world.write(bets)
    assert (await again.reload()).accepted  # the operator may remove it
    assert not blocked(world, "illegal.example")


async def test_a_kept_version_never_serves_for_another_source_of_the_same_id(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n", "https://lists.example/other": None}
    controller = world.controller()
    await controller.start()
    other = bets.replace("lists.example/bets", "lists.example/other")
    world.write(other.replace("kind: category", "kind: protected"))
    assert not (await controller.reload()).accepted
    assert blocked(world, "bets.example")
    world.sources.texts["https://lists.example/other"] = b"help.example\n"
    # After a restart too: what was fetched from the old address is no version of the new one.
    again = world.controller()
    await again.start()
    assert world.sources.asked[-1] == "bets"
    assert [condition.entries for condition in again.condition().lists] == [1]
    assert not blocked(world, "bets.example")


async def test_reloads_take_turns(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    world.write(bets, more="categories: {gambling: {title: Bets}}\n")
    results = await asyncio.gather(*(controller.reload() for _ in range(3)))
    assert [result.generation for result in results] == [2, 2, 2]  # what is in force is not published again


async def test_a_reload_during_a_fetch_fetches_from_the_new_address(
    world: Any, bets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_FETCH_LIMIT", 0.05)
    world.write(bets)
    world.sources.texts = {"https://lists.example/moved": b"moved.example\n"}
    world.sources.hold["bets"] = asyncio.Event()
    controller = world.controller()
    async with Running(controller):
        monkeypatch.setattr(module, "FIRST_FETCH_LIMIT", 5.0)
        del world.sources.hold["bets"]
        world.write(bets.replace("lists.example/bets", "lists.example/moved"))
        assert (await controller.reload()).accepted
        assert blocked(world, "moved.example")
        assert world.sources.asked == ["bets", "bets"]


def test_files_of_the_room_are_where_they_belong(world: Any, bets: str) -> None:
    world.write(bets)
    world.controller()
    assert {path.name for path in (world.folder / "var").iterdir()} == {
        "lists",
        "log-keys",
        "log-page",
        "log-staging",
        "run",
        "state",
    }
    assert isinstance(world.place.state, Path)
