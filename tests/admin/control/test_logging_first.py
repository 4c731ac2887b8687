"""Log before enforce as stories: what a worker that knows the log's keys takes, whatever dies or stops in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from admin.api.appliance import Wish
from admin.config import load
from admin.control.controller import Controller
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.services.profiles import PROFILES
from admin.store.tables import EventRow
from blocklists.canonical import to_wire
from blocklists.edits import Change
from resolver.tables.names import KEYS_FILE, STAGED, TablesError, current_generation, proof_name
from resolver.tables.proving import Prover
from resolver.tables.view import View

OPERATOR = Actor.of_the_box(ActorKind.LOCAL, "ada")
MORE = b"".join(b"base-%d.example\n" % number for number in range(40))


class Worker:
    """What a worker started with ``--log-key`` would make of the state folder."""

    def __init__(self, world: Any, index_key: bytes, *, staged: bool = False) -> None:
        self._world, self._key, self._staged = world, index_key, staged
        self.prover = Prover(world.place.state, world.place.state / KEYS_FILE)

    def look(self) -> View:
        view, _ = View.open_any(
            self._world.place.state, self._key, staged=self._staged, check=self.prover.check
        )
        self.prover.took()
        return view

    @property
    def state(self) -> str:
        """The state that it can show to be in force."""
        self.look()
        assert self.prover.logged is not None
        return self.prover.logged.state

    def blocks(self, name: str) -> bool:
        view = self.look()
        return bool(view.listing(to_wire(name)).bits & view.masks.categories)


class Death(BaseException):
    """Ends a step as the death of its process does."""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)


@pytest.fixture
async def running(world: Any, bets: str, new_log: Any) -> tuple[Any, Controller]:
    world.log = new_log()
    world.write(bets)
    world.sources.texts = {"bets": MORE}
    controller = world.controller()
    await controller.start()
    return world, controller


@pytest.fixture
def worker(world: Any, index_key: bytes) -> Worker:
    return Worker(world, index_key)


async def _update(world: Any, controller: Controller, text: bytes) -> None:
    world.sources.texts = {"bets": text}
    controller._fetching.begin("bets")
    await controller._fetching.running["bets"]
    await controller._step()


async def test_a_first_start_is_proven(running: Any, worker: Worker) -> None:
    world, _ = running
    assert worker.blocks("base-1.example")
    assert worker.state == world.log.states[-1]
    assert worker.prover.refused == 0
    assert (world.place.state / KEYS_FILE).read_text() == world.log.verifiers[0].text + "\n"


async def test_a_new_version_beside_the_compiled_lists_is_logged_first(running: Any, worker: Worker) -> None:
    world, controller = running
    generation, logged = current_generation(world.place.state), len(world.log.leaves)
    worker.look()
    seen: list[bool] = []
    world.log.before_answer = lambda: seen.append(worker.blocks("more.example"))
    await _update(world, controller, MORE + b"more.example\n")
    assert seen[0] is False
    assert worker.blocks("more.example")
    assert current_generation(world.place.state) == generation
    assert len(world.log.leaves) >= logged
    assert worker.state == world.log.states[-1]


async def test_a_restart_of_control_logs_nothing_anew(running: Any, worker: Worker) -> None:
    world, _ = running
    before = len(world.log.leaves)
    await world.controller().start()
    assert len(world.log.leaves) == before
    assert worker.look().tables.generation == 2


async def test_an_upgraded_box_serves_on_until_its_first_proof(
    world: Any, bets: str, new_log: Any, worker: Worker
) -> None:
    world.write(bets)
    world.sources.texts = {"bets": MORE}
    first = world.controller()
    await first.start()
    assert worker.blocks("base-1.example")  # no proof, and no keys either
    assert worker.prover.logged is None
    world.log = new_log(stopped="the disk is full")
    controller = world.controller()
    await controller.start()
    assert worker.blocks("base-1.example")
    world.log.stopped = ""
    world.pass_time(31)
    controller._wake.set()
    await controller._step()
    assert worker.state == world.log.states[-1]


async def test_a_change_waits_for_a_stopped_log_and_comes_with_it(running: Any, worker: Worker) -> None:
    world, controller = running
    world.log.stopped = "the disk is full; make room"
    await _update(world, controller, MORE + b"more.example\n")
    assert not worker.blocks("more.example")
    assert worker.blocks("base-1.example")
    assert "the disk is full; make room" in controller.condition().publish_problem
    world.log.stopped = ""
    await controller._step()  # without waiting for the time at which a publication would be tried again
    assert worker.blocks("more.example")
    assert controller.condition().publish_problem == ""
    assert worker.prover.refused == 0


async def test_the_kill_switch_goes_ahead_of_a_stopped_log(running: Any, worker: Worker) -> None:
    world, controller = running
    logged = len(world.log.leaves)
    world.log.stopped = "the database is away"
    decided = await controller.lists.suspend(OPERATOR, "bets", "It blocks our own shop.", None)
    assert decided is not None
    assert not worker.blocks("base-1.example")
    await until(lambda: controller._first.problem == "the database is away")
    assert len(world.log.leaves) == logged
    assert "bets" in (world.place.state / proof_name(2)).read_text().partition('"stopped":')[2]
    world.log.stopped = ""
    await controller._step()
    await until(lambda: not controller._publisher.is_ahead)
    assert world.log.states[-1] != world.log.states[logged - 1]
    assert worker.state == world.log.states[-1]
    assert current_generation(world.place.state) == 2  # the proof alone was replaced
    assert controller._first.problem == ""


async def test_the_kill_switch_is_logged_right_after(running: Any, worker: Worker) -> None:
    world, controller = running
    before = world.log.states[-1]
    await controller.lists.suspend(OPERATOR, "bets", "It blocks our own shop.", None)
    assert not worker.blocks("base-1.example")
    await until(lambda: not controller._publisher.is_ahead)
    assert worker.state == world.log.states[-1] != before


async def test_a_resumed_list_waits_for_the_log(running: Any, worker: Worker) -> None:
    world, controller = running
    await controller.lists.suspend(OPERATOR, "bets", "It blocks our own shop.", None)
    await until(lambda: not controller._publisher.is_ahead)
    seen: list[bool] = []
    world.log.before_answer = lambda: seen.append(worker.blocks("base-1.example"))
    await controller.lists.resume(OPERATOR, "bets", "It does not any more.")
    assert seen == [False]
    assert worker.blocks("base-1.example")
    assert worker.state == world.log.states[-1] == world.log.states[1]


async def test_what_a_person_resumes_waits_even_where_the_log_has_said_it_before(
    running: Any, worker: Worker
) -> None:
    world, controller = running
    await controller.lists.suspend(OPERATOR, "bets", "For a minute.", world.unix + 60)
    await until(lambda: not controller._publisher.is_ahead)
    world.log.stopped = "the disk is full"
    decided = await controller.lists.resume(OPERATOR, "bets", "Seen.")
    assert not decided.in_force
    assert not worker.blocks("base-1.example")
    world.log.stopped = ""
    world.pass_time(31)
    await controller._step()
    assert worker.blocks("base-1.example")


async def test_a_suspension_that_ends_needs_no_log_to_end(running: Any, worker: Worker) -> None:
    world, controller = running
    until_then = world.unix + 60
    await controller.lists.suspend(OPERATOR, "bets", "For a minute.", until_then)
    await until(lambda: not controller._publisher.is_ahead)
    world.log.stopped = "the disk is full"
    world.pass_time(61)
    await controller._step()
    assert worker.blocks("base-1.example")  # by the proof of before, which says so
    assert controller._publisher.is_ahead
    world.log.stopped = ""
    await controller._step()
    await until(lambda: not controller._publisher.is_ahead)
    assert worker.state == world.log.states[-1]


async def test_edits_of_entries_wait_for_a_stopped_log(running: Any, worker: Worker) -> None:
    world, controller = running
    act = Act(OPERATOR, world.unix, "A mistake of theirs.")
    world.log.stopped = "the disk is full"
    report = await controller.edit(act, "bets", [Wish(Change.ADD, "added.example")])
    assert report.in_force == 0
    assert not worker.blocks("added.example")
    assert [edit.name for edit in await controller.edits("bets")] == ["added.example"]
    world.log.stopped = ""
    world.pass_time(31)
    await controller._step()
    assert worker.blocks("added.example")
    report = await controller.edit(act, "bets", [Wish(Change.ADD, "second.example")])
    assert report.in_force == 1
    assert worker.blocks("second.example")


async def test_a_trial_and_its_end_are_logged(
    world: Any, new_log: Any, index_key: bytes, worker: Worker, bets: str
) -> None:
    world.log = new_log()
    world.write(bets.replace("categories", "staged: true, categories"))
    world.sources.texts = {"bets": MORE}
    controller = world.controller()
    await controller.start()
    first = Worker(world, index_key, staged=True)
    await _update(world, controller, MORE + b"more.example\n")
    assert (world.place.state / STAGED).is_symlink()
    assert first.blocks("more.example")
    assert not worker.blocks("more.example")
    assert first.state == world.log.states[-1]
    tried = controller._publisher.tried
    assert tried is not None
    async with controller._first.turn():
        await controller._first.put(tried.put, partial(controller._publisher.promote, tried))
    assert worker.blocks("more.example")
    assert worker.state == world.log.states[-1]


@pytest.mark.parametrize("step", ["proof", "tables", "layout"])
async def test_a_death_between_log_and_publication_is_gone_on_from(
    running: Any, worker: Worker, step: str, monkeypatch: pytest.MonkeyPatch, bets: str
) -> None:
    world, controller = running
    world.write(bets, more="categories: {gambling: {title: Bets}}\n")
    target = {
        "proof": "resolver.tables.store.write_proof",
        "tables": "resolver.tables.store.encode",
        "layout": "admin.services.publish.write_layout",
    }[step]

    def die(*_: object) -> None:
        raise Death

    wanted = await controller._adoption.merged(load(world.config_path))
    prepared = controller._preparer.prepare(wanted.config)
    (one,) = controller._publisher.steps(wanted.config, prepared)
    proof = await controller._first.logged(one.put)
    with monkeypatch.context() as patched:
        patched.setattr(target, die)
        with pytest.raises(Death):
            controller._publisher.take(one, proof)
    assert worker.look().tables.generation == 1
    logged = len(world.log.leaves)
    await world.controller().start()
    assert len(world.log.leaves) == logged  # it was there already
    assert worker.look().tables.generation == 2
    assert worker.state == world.log.states[-1]


async def test_nothing_is_taken_without_its_proof(running: Any, worker: Worker, index_key: bytes) -> None:
    world, _ = running
    (world.place.state / proof_name(1)).unlink()
    with pytest.raises(TablesError, match="it has no proof"):
        Worker(world, index_key).look()
    (world.place.state / KEYS_FILE).unlink()
    worker.prover._is_pinned = True
    with pytest.raises(TablesError, match="keys of the log are gone"):
        worker.look()


@pytest.mark.parametrize("restarted", [False, True])
async def test_keys_that_somebody_deleted_come_back_though_the_log_is_stopped(
    running: Any, index_key: bytes, restarted: bool
) -> None:
    world, controller = running
    await world.controller().start()  # another generation, which is proven too
    world.place.log_vkey.write_text(world.log.verifiers[0].text + "\n")
    (world.place.state / KEYS_FILE).unlink()
    with pytest.raises(TablesError, match="keys of the log are gone"):
        Worker(world, index_key).look()
    world.log.stopped = "the disk is full"
    if restarted:
        await world.controller().start()
    else:
        await controller._step()
    worker = Worker(world, index_key)
    assert worker.blocks("base-1.example")
    assert worker.prover.refused == 0


async def test_a_restart_is_ready_with_what_serves_though_the_log_is_stopped(running: Any) -> None:
    """The supervisor says so to people and passes reloads on from then on."""
    world, _ = running
    world.log.stopped = "the clock is a year behind"
    controller, ready = world.controller(), list[object]()
    controller.on_published = ready.append
    await controller.start()
    assert ready == [controller.config]
    assert controller.condition().publish_problem == "the clock is a year behind"
    world.log.stopped = ""
    await controller._step()
    assert len(ready) == 2
    assert controller.condition().publish_problem == ""


async def test_a_change_says_whether_it_is_in_force(running: Any) -> None:
    world, controller = running
    act = Act(OPERATOR, 1.0, "")

    async def put(name: str) -> str:
        async with controller.database.transaction() as transaction:
            await PROFILES.create(transaction, controller.declared, act, name, {})
        said: str = await controller.store_changed()
        return said

    assert await put("one") == ""
    decided = await controller.lists.suspend(OPERATOR, "bets", "A mistake.", None)
    assert (decided.in_force, decided.waits) == (True, "")
    await until(lambda: not controller._publisher.is_ahead)
    world.log.stopped = "the disk is full"
    assert await put("two") == "the disk is full"
    decided = await controller.lists.resume(OPERATOR, "bets", "It is none.")
    assert (decided.in_force, decided.waits) == (False, "the disk is full")
    decided = await controller.lists.suspend(OPERATOR, "bets", "It is one.", None)  # ahead of the log
    assert (decided.in_force, controller.condition().publish_problem) == (True, "")
    assert await put("more") == "the disk is full"
    edited = await controller.edit(act, "bets", [Wish(Change.ADD, "another.example")])
    assert (edited.in_force, edited.waits) == (0, "the disk is full")
    world.log.stopped = ""
    assert await put("three") == ""
    assert {"one", "two", "three"} <= controller.config.profiles.keys()


async def test_a_change_in_a_database_that_went_back_is_not_taken_for_one_in_force(running: Any) -> None:
    world, controller = running
    act = Act(OPERATOR, 1.0, "")
    for name in ("one", "two"):
        async with controller.database.transaction() as transaction:
            await PROFILES.create(transaction, controller.declared, act, name, {})
        assert await controller.store_changed() == ""
    world.log.stopped = "a standby without the last changes took its place"
    async with controller.database.transaction() as transaction:
        last = await transaction.session.scalar(select(func.max(EventRow.sequence)))
        await transaction.session.execute(delete(EventRow).where(EventRow.sequence > last - 3))
    async with controller.database.transaction() as transaction:
        await PROFILES.create(transaction, controller.declared, act, "three", {})
    assert await controller.store_changed() == world.log.stopped
    world.log.stopped = ""
    await controller._step()
    assert "three" in controller.config.profiles


async def test_a_first_start_is_not_ready_before_anything_serves(world: Any, bets: str, new_log: Any) -> None:
    world.log = new_log()
    world.log.stopped = "the disk is full"
    world.write(bets)
    world.sources.texts = {"bets": MORE}
    controller, ready = world.controller(), list[object]()
    controller.on_published = ready.append
    await controller.start()
    assert ready == []


async def test_the_kill_switch_works_after_a_restart_while_the_log_is_stopped(
    running: Any, worker: Worker
) -> None:
    world, _ = running
    world.log.stopped = "the disk is full"
    controller = world.controller()
    await controller.start()
    assert worker.blocks("base-1.example")
    await controller.lists.suspend(OPERATOR, "bets", "It blocks our own shop.", None)
    assert not worker.blocks("base-1.example")
    logged = len(world.log.leaves)
    world.log.stopped = ""
    await controller._step()
    await until(lambda: not controller._publisher.is_ahead)
    assert len(world.log.leaves) == logged + 1
    assert worker.state == world.log.states[-1]
    assert not worker.blocks("base-1.example")
    await controller.lists.resume(OPERATOR, "bets", "It does not any more.")
    assert worker.blocks("base-1.example")
    assert worker.prover.refused == 0


async def test_a_change_of_settings_alone_needs_no_new_leaf(running: Any, worker: Worker) -> None:
    world, controller = running
    logged = len(world.log.leaves)
    world.write(
        '{id: bets, url: "https://lists.example/bets", format: domains, kind: category, categories: [gambling]}',
        more="telemetry: {query_sample: 1/100}\n",
    )
    assert (await controller.reload()).accepted
    assert worker.look().tables.resolver.query_sample == 100
    assert len(world.log.leaves) == logged


async def test_a_reload_waits_for_the_log_and_is_refused_with_its_words(running: Any, worker: Worker) -> None:
    world, controller = running
    world.log.stopped = "the key of the log is gone"
    world.write(*(), more="categories: {gambling: {title: Bets}}\n")
    result = await controller.reload()
    assert not result.accepted
    assert result.problems == ("the key of the log is gone",)
    assert worker.blocks("base-1.example")


async def test_keys_that_change_leave_no_gap(running: Any, worker: Worker, new_log: Any) -> None:
    world, controller = running
    worker.look()
    world.log = controller._first._log = new_log("box.example/weir/2027")
    await _update(world, controller, MORE + b"more.example\n")
    assert worker.blocks("more.example")
    assert worker.prover.refused == 0
    assert (world.place.state / KEYS_FILE).read_text() == world.log.verifiers[0].text + "\n"


async def test_another_log_proves_what_is_in_force_without_any_change(
    running: Any, worker: Worker, new_log: Any
) -> None:
    world, controller = running
    worker.look()
    world.log = controller._first._log = new_log("box.example/weir/2027")
    await controller._step()
    await until(lambda: (world.place.state / KEYS_FILE).read_text().startswith("box.example/weir/2027"))
    assert world.log.states[-1] == worker.state
    assert worker.look().tables.generation == 1


async def test_a_list_that_returns_to_a_version_shows_nobody_that_it_did(
    world: Any, new_log: Any, bets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log = new_log()
    world.write(bets.replace("categories", "confidentiality: restricted, categories"))
    commits: list[str] = []
    prove = world.log.prove

    def proving(manifest: Any, snap: str) -> Any:
        commits.append(manifest.lists["bets"].commit)
        return prove(manifest, snap)

    monkeypatch.setattr(world.log, "prove", proving)
    world.sources.texts = {"bets": MORE}
    controller = world.controller()
    await controller.start()
    for text in (MORE + b"more.example\n", MORE):
        await _update(world, controller, text)
    first, second, third = dict.fromkeys(commits)
    assert "" not in {first, second, third}
