"""A list with ``staged: true``: its new version serves on the first worker, then on all, or is rolled back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from admin.api.appliance import ListCondition
from admin.control.controller import Controller
from admin.services.actors import Actor, ActorKind
from resolver.counting import WORKER_COUNTERS
from resolver.runtime.counters import CounterPage
from resolver.tables.names import STAGED, current_generation
from resolver.tables.view import View

STAGED_LIST = (
    '{id: bets, url: "https://lists.example/bets", format: domains, kind: category, categories: [gambling], '
    "staged: true}"
)
BETS, NEW, CHAT = (b"\4bets\7example\0", b"\3new\7example\0", b"\4chat\7example\0")
OPERATOR = Actor.of_the_box(ActorKind.LOCAL, "ada")


class Workers:
    """Two workers' counter pages."""

    def __init__(self, run: Path) -> None:
        self.pages = [CounterPage(run / f"worker-{slot}.counters", WORKER_COUNTERS) for slot in (0, 1)]

    def tell(self, slot: int, **numbers: int) -> None:
        for name, value in numbers.items():
            self.pages[slot].set(self.pages[slot].slot(name), value)


@pytest.fixture
async def running(world: Any) -> tuple[Any, Controller, Workers]:
    world.write(STAGED_LIST)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    return world, controller, Workers(world.place.run)


async def _update(world: Any, controller: Controller, text: bytes) -> None:
    world.sources.texts = {"bets": text}
    controller._fetching.begin("bets")
    await controller._fetching.running["bets"]
    await controller._step()


def _blocks(world: Any, name: bytes, *, staged: bool) -> bool:
    return bool(View.open_any(world.place.state, staged=staged)[0].listing(name).hits)


def _condition(controller: Controller) -> ListCondition:
    return controller.condition().lists[0]


async def test_it_serves_on_one_then_on_all(running: tuple[Any, Controller, Workers]) -> None:
    world, controller, workers = running
    before = current_generation(world.place.state)
    await _update(world, controller, b"bets.example\nnew.example\n")
    staged = current_generation(world.place.state, staged=True)
    assert (current_generation(world.place.state), staged) == (before, (before or 0) + 1)
    assert [_blocks(world, NEW, staged=where) for where in (True, False)] == [True, False]
    assert "tried out on the first worker" in _condition(controller).message
    assert not _condition(controller).in_force
    for slot in (0, 1):
        workers.tell(slot, generation=staged or 0, queries_udp=1000, blocked_category=20)
    world.pass_time(61)
    await controller._step()
    assert current_generation(world.place.state) == staged
    assert not (world.place.state / STAGED).is_symlink()
    assert _blocks(world, NEW, staged=False)
    assert _condition(controller).in_force
    assert controller.condition().generation == staged


async def test_a_bad_one_is_rolled_back_with_the_reason(running: tuple[Any, Controller, Workers]) -> None:
    world, controller, workers = running
    await _update(world, controller, b"bets.example\nnew.example\n")
    staged = current_generation(world.place.state, staged=True)
    workers.tell(0, generation=staged or 0, queries_udp=1000, blocked_category=900)
    workers.tell(1, queries_udp=1000, blocked_category=20)
    world.pass_time(2)
    await controller._step()
    assert current_generation(world.place.state, staged=True) != staged
    assert not (world.place.state / f"tables-{staged:08d}.json").exists()
    assert _condition(controller).pinned
    life = controller._keeper.lives.life("bets")
    assert life.pin is not None
    assert "blocked 90% of its queries" in life.pin.reason
    await controller._step()
    assert [_blocks(world, NEW, staged=where) for where in (True, False)] == [False, False]
    assert _blocks(world, BETS, staged=True)
    await _update(world, controller, b"bets.example\nnew.example\n")
    assert current_generation(world.place.state, staged=True) == current_generation(world.place.state)


async def test_the_kill_switch_does_not_wait_for_a_trial(running: tuple[Any, Controller, Workers]) -> None:
    world, controller, _ = running
    await _update(world, controller, b"bets.example\nnew.example\n")
    await controller.lists.suspend(OPERATOR, "bets", "It blocks our own shop.", None)
    assert not (world.place.state / STAGED).is_symlink()
    view = View.open_any(world.place.state, staged=True)[0]
    assert view.tables.lists["bets"].enforced.value == "nothing"
    await controller.lists.resume(OPERATOR, "bets", "It does not any more.")
    await controller._step()
    assert _blocks(world, NEW, staged=True)


async def test_a_process_that_ended_in_a_trial_leaves_none(running: tuple[Any, Controller, Workers]) -> None:
    world, controller, _ = running
    await _update(world, controller, b"bets.example\nnew.example\n")
    assert (world.place.state / STAGED).is_symlink()
    controller._publisher.tried.state.close()  # type: ignore[union-attr]  # as a process does that ends
    controller._publisher._in_force.close()  # type: ignore[union-attr]
    controller._editor._deltas.close()  # type: ignore[union-attr]
    again = world.controller()
    await again.start()
    assert not (world.place.state / STAGED).is_symlink()
    assert not _blocks(world, NEW, staged=False)
    await again._step()  # what was not tried to its end is tried anew
    assert [_blocks(world, NEW, staged=where) for where in (True, False)] == [True, False]


async def test_one_worker_cannot_try_out(world: Any) -> None:
    world.write(STAGED_LIST)
    world.config_path.write_text(world.config_path.read_text().replace("workers: 2", "workers: 1"))
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    await _update(world, controller, b"bets.example\nnew.example\n")
    assert _blocks(world, NEW, staged=False)
    assert "needs two (resolver.workers)" in _condition(controller).message


async def test_a_list_that_does_not_ask_for_it_is_not_tried(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    await _update(world, controller, b"bets.example\nchat.example\n")
    assert _blocks(world, CHAT, staged=False)
    assert not (world.place.state / STAGED).is_symlink()


async def test_the_first_worker_follows_the_trial_and_the_others_do_not(world: Any, bets: str) -> None:
    from resolver.tables.watch import Reader, watch_prepared

    world.write(STAGED_LIST)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller = world.controller()
    await controller.start()
    seen: dict[bool, asyncio.Queue[int]] = {True: asyncio.Queue(), False: asyncio.Queue()}
    tasks = [
        asyncio.ensure_future(
            watch_prepared(
                world.place.state,
                lambda view: view.tables.generation,
                seen[staged].put_nowait,
                Reader(staged=staged),
                poll=0.001,
            )
        )
        for staged in (True, False)
    ]
    first = [await seen[staged].get() for staged in (True, False)]
    await _update(world, controller, b"bets.example\nnew.example\n")
    assert await seen[True].get() == first[0] + 1
    await asyncio.to_thread(controller._publisher.withdraw)
    assert await seen[True].get() == first[0]
    assert seen[False].empty()
    for task in tasks:
        task.cancel()


async def test_what_else_changes_does_not_wait_for_the_trial(
    running: tuple[Any, Controller, Workers],
) -> None:
    world, controller, _ = running
    await _update(world, controller, b"bets.example\nnew.example\n")
    world.config_path.write_text(world.config_path.read_text() + "telemetry: {query_sample: 1/100}\n")
    assert (await controller.reload()).accepted
    state = world.place.state
    assert View.open(state).tables.resolver.query_sample == 100
    assert View.open_any(state, staged=True)[0].tables.resolver.query_sample == 100
    assert [_blocks(world, NEW, staged=where) for where in (True, False)] == [True, False]


async def test_a_staged_generation_that_is_damaged_is_passed_over(
    running: tuple[Any, Controller, Workers],
) -> None:
    world, controller, workers = running
    await _update(world, controller, b"bets.example\nnew.example\n")
    staged = world.place.state / (world.place.state / STAGED).readlink()
    staged.write_bytes(staged.read_bytes()[:-1])
    view, complaints = View.open_any(world.place.state, staged=True)
    assert (view.tables.generation, len(complaints)) == (1, 1)
    workers.tell(0, generation=1)
    world.pass_time(16)
    await controller._step()
    assert not (world.place.state / STAGED).is_symlink()
    assert _condition(controller).pinned
