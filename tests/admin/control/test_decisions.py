"""What people decide about lists, as stories on a running control: it holds at once, survives, and leaves its event."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from admin.audit.events import EventKind
from admin.control.announcing import Announcer
from admin.control.preparing import Preparer
from admin.services.actors import Actor, ActorKind, DeniedError, Permission
from admin.services.announced import Announcement
from admin.services.errors import ConflictError, InvalidError, NotFoundError
from blocklists.canonical import to_wire
from blocklists.gates import Gate, GateFailure
from resolver.policy.model import VerdictAction
from resolver.policy.verdict import Case, decide

ANNA = Actor.of_the_box(ActorKind.LOCAL, "anna")
BELA = Actor.of_the_box(ActorKind.LOCAL, "bela")
WHY = "A shop is listed by mistake."
OTHER = (
    '{id: other, url: "https://other.example/bets", format: domains, kind: category, categories: [gambling]}'
)
MALWARE = '{id: malware, url: "https://bad.example/m", format: domains, kind: security}'
HELP = '{id: help, url: "https://help.example/h", format: domains, kind: protected}'


def blocked(world: Any, name: str) -> bool:
    """As a worker decides for whoever is no subscriber."""
    view = world.view()
    policy = view.policy(view.default_policy)
    assert policy is not None
    verdict = decide(Case(to_wire(name), view.listing(to_wire(name)), policy, view.masks, world.unix))
    return verdict.action is VerdictAction.BLOCK


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


class Log:
    """An audit log in memory that can be away."""

    def __init__(self) -> None:
        self.events: list[Announcement] = []
        self.away = False

    async def __call__(self, announcements: Sequence[Announcement]) -> None:
        if self.away:
            raise ConnectionError
        self.events += announcements

    def kinds(self, *without: EventKind) -> list[EventKind]:
        return [item.event.kind for item in self.events if item.event.kind not in without]


@pytest.fixture
def log() -> Log:
    return Log()


@contextlib.asynccontextmanager
async def running(world: Any, log: Log) -> AsyncIterator[Any]:
    controller = world.controller()
    controller._announcer = Announcer(log)
    await controller.start()
    task = asyncio.ensure_future(controller.run())
    try:
        yield controller
    finally:
        task.cancel()
        await asyncio.wait({task})


def woken(controller: Any) -> None:
    controller._wake.set()


LISTED = {"bets": "bets.example", "watch": "illegal.example", "malware": "malware.example"}


@pytest.mark.parametrize("list_id", LISTED)
async def test_a_suspended_list_ends_at_once_without_compiling_and_comes_back(
    world: Any, bets: str, watch: str, log: Log, list_id: str
) -> None:
    world.write(bets, watch, MALWARE)
    world.sources.texts = {key: name.encode() + b"\n" for key, name in LISTED.items()}
    async with running(world, log) as controller:
        assert all(blocked(world, name) for name in LISTED.values())
        decided = await controller.lists.suspend(ANNA, list_id, WHY, None)
        assert decided.in_force
        assert decided.generation == world.view().tables.generation
        assert {key for key, name in LISTED.items() if not blocked(world, name)} == {list_id}
        (condition,) = (item for item in controller.condition().lists if item.id == list_id)
        assert (condition.enforced, condition.suspension.reason) == ("nothing", WHY)
        decided = await controller.lists.resume(ANNA, list_id, "The mistake is gone.")
        assert decided.in_force
        assert all(blocked(world, name) for name in LISTED.values())
        await until(lambda: len(log.kinds(EventKind.LIST_SYNCED)) == 2)
    assert log.kinds(EventKind.LIST_SYNCED) == [EventKind.LIST_SUSPENDED, EventKind.LIST_RESUMED]
    assert len(world.compiled) == 1


async def test_a_suspended_protected_list_protects_nothing(world: Any, bets: str, log: Log) -> None:
    world.write(bets, HELP)
    world.sources.texts = {"bets": b"bets.example\n", "help": b"help.bets.example\n"}
    async with running(world, log) as controller:
        assert not blocked(world, "help.bets.example")
        await controller.lists.suspend(ANNA, "help", WHY, None)
        assert blocked(world, "help.bets.example")


async def test_where_two_lists_feed_a_category_only_the_suspended_one_ends(
    world: Any, bets: str, log: Log
) -> None:
    world.write(bets, OTHER)
    world.sources.texts = {"bets": b"bets.example\nboth.example\n", "other": b"other.example\nboth.example\n"}
    async with running(world, log) as controller:
        decided = await controller.lists.suspend(ANNA, "bets", WHY, None)
        assert not decided.in_force  # it takes a compilation without the list
        await until(lambda: not blocked(world, "bets.example"))
        assert blocked(world, "both.example")
        assert blocked(world, "other.example")
        await controller.lists.suspend(ANNA, "other", WHY, None)
        assert not blocked(
            world, "other.example"
        )  # nothing feeds the category any more, so its bit is masked
        assert not blocked(world, "both.example")
        await controller.lists.resume(ANNA, "bets", WHY)
        await until(lambda: blocked(world, "bets.example"))
        assert not blocked(world, "other.example")


async def test_a_suspension_waits_for_no_compilation(
    world: Any, bets: str, watch: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(bets, watch)
    world.sources.texts = {"bets": b"bets.example\n", "watch": b"illegal.example\n"}
    async with running(world, log) as controller:
        compiling, go_on = threading.Event(), threading.Event()
        preparer: Preparer = controller._preparer
        compiler = preparer._compiler

        def slow(*args: Any, **options: Any) -> Any:
            compiling.set()
            go_on.wait(10)
            return compiler(*args, **options)

        preparer._compiler = slow
        monkeypatch.setattr(preparer._amender, "plan", lambda *_: None)
        world.sources.texts["bets"] = b"bets.example\nmore.example\n"
        await controller.lists.sync(ANNA, "bets")
        await until(compiling.is_set)
        decided = await controller.lists.suspend(ANNA, "watch", WHY, None)
        assert decided.in_force  # what is left to be compiled is of another list
        assert not blocked(world, "illegal.example")
        assert not blocked(world, "more.example")
        go_on.set()
        await until(lambda: blocked(world, "more.example"))
        assert not blocked(world, "illegal.example")


async def test_a_suspension_waits_for_no_fetch(world: Any, bets: str, log: Log) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    async with running(world, log) as controller:
        world.sources.hold["bets"] = asyncio.Event()
        await controller.lists.sync(ANNA, "bets")
        await until(lambda: bool(world.sources.running))
        assert (await controller.lists.suspend(ANNA, "bets", WHY, None)).in_force
        world.sources.texts["bets"] = b"bets.example\nmore.example\n"
        world.sources.hold["bets"].set()
        await until(lambda: controller._editor.changed == 1)
        assert not blocked(world, "more.example")


async def test_a_suspension_outlives_the_process_and_a_reload(world: Any, bets: str, log: Log) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    async with running(world, log) as controller:
        await controller.lists.suspend(ANNA, "bets", WHY, None)
    del controller
    gc.collect()
    async with running(world, log) as controller:
        assert not blocked(world, "bets.example")
        world.write(bets, more="categories: {gambling: {title: Bets}}\n")
        assert (await controller.reload()).accepted
        assert not blocked(world, "bets.example")


async def test_a_suspension_ends_by_itself(world: Any, bets: str, log: Log) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    async with running(world, log) as controller:
        await controller.lists.suspend(ANNA, "bets", WHY, world.unix + 3600)
        world.pass_time(3599)
        woken(controller)
        await asyncio.sleep(0.05)
        assert not blocked(world, "bets.example")
        world.pass_time(2)
        woken(controller)
        await until(lambda: blocked(world, "bets.example"))
        await until(lambda: EventKind.LIST_RESUMED in log.kinds())
    assert log.events[-1].actor.kind is ActorKind.SCHEDULE


@pytest.mark.parametrize("jump", [-1e9, 1e9])
async def test_a_clock_that_is_set_neither_ends_nor_prolongs_a_suspension(
    world: Any, bets: str, log: Log, jump: float
) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    async with running(world, log) as controller:
        await controller.lists.suspend(ANNA, "bets", WHY, world.unix + 3600)
        world.unix += jump
        woken(controller)
        await asyncio.sleep(0.05)
        assert not blocked(world, "bets.example")
        world.pass_time(3601)
        woken(controller)
        await until(lambda: blocked(world, "bets.example"))


async def test_a_rollback_serves_the_version_before_until_a_newer_one_comes(
    world: Any, bets: str, log: Log
) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"one.example\n"}
    async with running(world, log) as controller:
        world.sources.texts["bets"] = b"two.example\n"
        await _synced(controller)
        await until(lambda: blocked(world, "two.example"))
        await controller.lists.roll_back(ANNA, "bets", WHY, "", hold=False)
        await until(lambda: blocked(world, "one.example"))
        assert not blocked(world, "two.example")
        await _synced(controller)  # the source still has what was rolled back from
        (condition,) = controller.condition().lists
        assert (condition.state, bool(condition.pinned)) == ("pinned", True)
        world.sources.texts["bets"] = b"three.example\n"
        await _synced(controller)
        await until(lambda: blocked(world, "three.example"))
        (condition,) = controller.condition().lists
        assert condition.pinned == ""
        versions = await controller.lists.versions(ANNA, "bets")
        assert [item.serves for item in versions] == [True, False, False]
        await until(lambda: len(log.events) == 4)
    assert log.kinds(EventKind.LIST_SYNCED) == [EventKind.LIST_ROLLED_BACK]


async def test_a_rollback_on_hold_lasts_until_the_list_is_resumed(world: Any, bets: str, log: Log) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"one.example\n"}
    async with running(world, log) as controller:
        first = (await controller.lists.versions(ANNA, "bets"))[0].version.digest
        for name in ("two", "three"):
            world.sources.texts["bets"] = f"{name}.example\n".encode()
            await _synced(controller)
        await controller.lists.roll_back(ANNA, "bets", WHY, first[:12], hold=True)
        await until(lambda: blocked(world, "one.example"))
        world.sources.texts["bets"] = b"four.example\n"
        await _synced(controller)
        assert blocked(world, "one.example")
        await controller.lists.resume(ANNA, "bets", WHY)
        await until(lambda: blocked(world, "three.example"))
        await _synced(controller)
        await until(lambda: blocked(world, "four.example"))


async def _synced(controller: Any, list_id: str = "bets") -> None:
    attempt = await controller.lists.sync(ANNA, list_id)
    await until(lambda: controller._keeper.attempts(list_id) >= attempt)


def _names(number: int) -> bytes:
    return b"".join(b"n%d.example\n" % n for n in range(number))


async def test_one_person_releases_a_version_that_shrank(world: Any, bets: str, log: Log) -> None:
    world.write(bets)
    world.sources.texts = {"bets": _names(1000)}
    async with running(world, log) as controller:
        world.sources.texts["bets"] = _names(10)
        await _synced(controller)
        (condition,) = controller.condition().lists
        assert condition.state == "held"
        with pytest.raises(ConflictError, match="the held version is"):
            await controller.lists.release(ANNA, "bets", WHY, "0" * 12)
        await controller.lists.release(ANNA, "bets", WHY, condition.held[:12])
        await until(lambda: not blocked(world, "n500.example"))
        assert blocked(world, "n5.example")
        await until(lambda: EventKind.LIST_RELEASED in log.kinds())
    assert log.kinds() == [
        EventKind.LIST_SYNCED,
        EventKind.LIST_HELD,
        EventKind.LIST_APPROVED,
        EventKind.LIST_RELEASED,
    ]


async def test_two_persons_release_what_one_must_not(
    world: Any, bets: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = GateFailure(Gate.SHRINK, "Popular names.", "Look.", two_persons=True)
    monkeypatch.setattr(
        "blocklists.sync.judge", lambda source, counts, previous, digest: (failure,) if previous else ()
    )
    world.write(bets)
    world.sources.texts = {"bets": b"one.example\n"}
    async with running(world, log) as controller:
        world.sources.texts["bets"] = b"popular.example\n"
        await _synced(controller)
        digest = controller.condition().lists[0].held
        for _ in range(2):  # one person is one person
            decided = await controller.lists.release(ANNA, "bets", WHY, digest)
            assert "A second person" in decided.message
            assert not blocked(world, "popular.example")
        world.sources.texts["bets"] = b"popular.example\nmore.example\n"
        await _synced(controller)
        newer = controller.condition().lists[0].held
        await controller.lists.release(
            BELA, "bets", WHY, newer
        )  # what was agreed to before was another version
        assert not blocked(world, "popular.example")
        await controller.lists.release(ANNA, "bets", WHY, newer)
        await until(lambda: blocked(world, "popular.example"))
        await until(lambda: EventKind.LIST_RELEASED in log.kinds())
    assert log.kinds(EventKind.LIST_SYNCED, EventKind.LIST_HELD) == [
        *[EventKind.LIST_APPROVED] * 3,
        EventKind.LIST_RELEASED,
    ]


async def test_what_cannot_be_decided_changes_nothing(world: Any, bets: str, watch: str, log: Log) -> None:
    world.write(bets, watch)
    world.sources.texts = {"bets": b"bets.example\n", "watch": b"illegal.example\n"}
    nobody = replace(ANNA, permissions=frozenset())
    async with running(world, log) as controller:
        lists = controller.lists
        cases: list[tuple[Any, type[Exception], str]] = [
            (lists.suspend(nobody, "bets", WHY, None), DeniedError, "lists:write"),
            (lists.release(nobody, "bets", WHY, "0" * 12), DeniedError, "lists:release"),
            (lists.versions(nobody, "bets"), DeniedError, "lists:read"),
            (lists.suspend(ANNA, "nothing", WHY, None), NotFoundError, "no list 'nothing'"),
            (lists.sync(ANNA, "nothing"), NotFoundError, "no list 'nothing'"),
            (lists.suspend(ANNA, "bets", "  ", None), InvalidError, "say why"),
            (lists.suspend(ANNA, "bets", "two\nlines", None), InvalidError, "one line"),
            (lists.suspend(ANNA, "bets", "x" * 501, None), InvalidError, "at most 500"),
            (lists.suspend(ANNA, "bets", WHY, world.unix), InvalidError, "is over"),
            (lists.resume(ANNA, "bets", WHY), ConflictError, "neither suspended nor rolled back"),
            (lists.roll_back(ANNA, "bets", WHY, "", hold=False), ConflictError, "no version before"),
            (lists.roll_back(ANNA, "bets", WHY, "00", hold=False), ConflictError, "no single version"),
            (lists.roll_back(ANNA, "bets", WHY, "0" * 12, hold=False), ConflictError, "no single version"),
            (lists.release(ANNA, "bets", WHY, "0" * 12), ConflictError, "no version is held"),
        ]
        for decision, error, words in cases:
            with pytest.raises(error, match=words):
                await decision
        world.sources.texts["watch"] = b"other.example\n"
        await _synced(controller, "watch")
        for path in (world.place.lists / "watch").glob("sealed-*"):
            path.write_bytes(b"damaged")
        with pytest.raises(ConflictError, match="text of this version is not kept"):
            await lists.roll_back(ANNA, "watch", WHY, "", hold=False)
    assert log.kinds(EventKind.LIST_SYNCED) == []


async def test_events_wait_for_the_audit_log_and_outlive_the_process(world: Any, bets: str, log: Log) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    log.away = True
    async with running(world, log) as controller:
        assert (
            await controller.lists.suspend(ANNA, "bets", WHY, None)
        ).in_force  # no database is asked first
        await asyncio.sleep(0.02)
    del controller
    gc.collect()
    assert log.events == []
    log.away = False
    async with running(world, log):
        await until(lambda: len(log.events) == 2)
    synced, suspended = log.events
    assert (synced.event.kind, suspended.event.kind) == (EventKind.LIST_SYNCED, EventKind.LIST_SUSPENDED)
    assert (suspended.actor.id, suspended.event.reason, suspended.at) == ("anna", WHY, world.unix)
    assert len({item.event.detail["change"] for item in log.events}) == 2


async def test_on_a_full_disk_nothing_is_decided_and_that_is_said(
    world: Any, bets: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with running(world, log) as controller:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(OSError, match="No space left"):
                await controller.lists.suspend(ANNA, "bets", WHY, None)
        assert blocked(world, "bets.example")
        assert controller.condition().lists[0].suspension is None
        assert (await controller.lists.suspend(ANNA, "bets", WHY, None)).in_force
        assert not blocked(world, "bets.example")


async def test_what_cannot_be_published_now_is_published_later(
    world: Any, bets: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    async with running(world, log) as controller:
        with monkeypatch.context() as patched:

            def full(*_: object, **__: object) -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

            patched.setattr("admin.control.publishing.publish", full)
            decided = await controller.lists.suspend(ANNA, "bets", WHY, None)
            assert not decided.in_force
            assert "No space left" in controller.condition().publish_problem
        world.pass_time(31)
        woken(controller)
        await until(lambda: not blocked(world, "bets.example"))
        await until(lambda: controller.condition().publish_problem == "")


async def test_what_the_source_removes_ends_with_the_next_update(world: Any, bets: str, log: Log) -> None:
    world.write(bets.replace("gambling]}", "gambling], review_after: 30d}"))
    world.sources.texts = {"bets": b"bets.example\ngone.example\n"}
    async with running(world, log) as controller:
        assert blocked(world, "gone.example")
        await until(lambda: controller._entries.notes(controller._sources()[0]) is not None)
        world.sources.texts["bets"] = b"bets.example\nnew.example\n"
        await _synced(controller)
        await until(lambda: not blocked(world, "gone.example"))
        assert blocked(world, "bets.example")
        await until(lambda: bool(controller._entries.notes(controller._sources()[0]).steps))
        newest, first = await controller.lists.versions(ANNA, "bets")
        assert (newest.changed.added, newest.changed.removed, first.changed) == (1, 1, None)
        found = await controller.lists.difference(ANNA, "bets", "", "")
        assert (found.added, found.removed) == (1, 1)
        assert [entry.name for entry in found.names.removed] == ["gone.example"]
        assert (await controller.lists.since(ANNA, "bets", "new.example")).exact
        world.pass_time(31 * 86_400)
        part = await controller.lists.review(ANNA, "bets", 0, 10)
        assert [entry.name for entry, _ in part.entries] == ["bets.example", "new.example"]


async def test_what_a_held_version_would_change_is_told_before_it_is_released(
    world: Any, bets: str, log: Log
) -> None:
    world.write(bets)
    world.sources.texts = {"bets": _names(100)}
    async with running(world, log) as controller:
        world.sources.texts["bets"] = _names(10)
        await _synced(controller)
        digest = controller.condition().lists[0].held
        found = await controller.lists.difference(ANNA, "bets", "", digest[:12])
        assert (found.added, found.removed) == (0, 90)
        for wrong in ("0" * 12, "0"):
            with pytest.raises(ConflictError, match="no single version"):
                await controller.lists.difference(ANNA, "bets", wrong, "")
        with pytest.raises(ConflictError, match="no version before this one"):
            await controller.lists.difference(ANNA, "bets", "", "")


async def test_names_are_for_whoever_may_see_them(world: Any, bets: str, watch: str, log: Log) -> None:
    restricted = bets.replace("format:", "confidentiality: restricted, review_after: 1d, format:")
    world.write(restricted, watch)
    world.sources.texts = {"bets": b"one.example\n", "watch": b"illegal.example\n"}
    nobody = Actor(ActorKind.ANONYMOUS, "", "", frozenset({Permission.LISTS_READ}))
    async with running(world, log) as controller:
        world.sources.texts = {"bets": b"two.example\n", "watch": b"other.example\n"}
        await _synced(controller)
        await _synced(controller, "watch")
        assert (await controller.lists.difference(ANNA, "bets", "", "")).names is not None
        found = await controller.lists.difference(nobody, "bets", "", "")
        assert (found.added, found.removed, found.names) == (1, 1, None)
        with pytest.raises(ConflictError, match="is not public"):
            await controller.lists.review(nobody, "bets", 0, 10)
        with pytest.raises(ConflictError, match="has no review queue: it is secret"):
            await controller.lists.review(ANNA, "watch", 0, 10)
        of_secret = await controller.lists.difference(ANNA, "watch", "", "")
        assert (of_secret.added, of_secret.removed, of_secret.names) == (1, 1, None)
        versions = await controller.lists.versions(ANNA, "watch")
        assert [(item.entries, item.text_kept) for item in versions] == [(None, True)] * 2
