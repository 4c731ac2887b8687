"""Edits of a running control: in force at once, kept for ever, right whatever happens at the same time."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from admin.api.appliance import Wish
from admin.control.controller import Controller
from admin.control.lives import Lives
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.services.errors import NotFoundError
from admin.store.tables import EventRow
from blocklists.canonical import to_wire
from blocklists.edits import Change, EditError
from blocklists.model import Scope

ACT = Act(Actor.of_the_box(ActorKind.LOCAL, "root"), 1.0, "as the court said")
HELP = '{id: help, url: "https://help.example/h", format: domains, kind: protected}'
ADBLOCK = '{id: ads, url: "https://ads.example/a", format: adblock, kind: category, categories: [gambling]}'


def add(*names: str) -> list[Wish]:
    return [Wish(Change.ADD, name) for name in names]


def remove(*names: str) -> list[Wish]:
    return [Wish(Change.REMOVE, name) for name in names]


def listed(world: Any, name: str) -> bool:
    return bool(world.view().listing(to_wire(name)).bits)


async def events(controller: Controller) -> list[EventRow]:
    """All events of the database."""
    async with controller.database.reading() as transaction:
        return list(await transaction.session.scalars(select(EventRow).order_by(EventRow.sequence)))


async def started(world: Any, *lists: str, **texts: bytes) -> Controller:
    world.write(*lists)
    world.sources.texts = dict(texts)
    controller: Controller = world.controller()
    await controller.start()
    return controller


async def test_an_edit_is_in_force_without_compiling_and_after_it(world: Any, bets: str) -> None:
    controller = await started(world, bets, bets=b"bets.example\nold.example\n")
    worker = world.view()  # as a worker has it: opened before the edit
    report = await controller.edit(ACT, "bets", [*add("new.example"), *remove("old.example")])
    assert (report.in_force, report.compiling, len(report.edits)) == (2, False, 2)
    assert worker.listing(to_wire("www.new.example")).bits
    assert not worker.listing(to_wire("old.example")).bits
    assert len(world.compiled) == 1
    world.sources.texts["bets"] = b"bets.example\nold.example\nlater.example\n"
    world.write(bets.replace("format: domains", "format: domains, title: Changed"))
    assert (await controller.reload()).accepted
    assert len(world.compiled) == 2
    for name, is_listed in (("new.example", True), ("old.example", False), ("bets.example", True)):
        assert listed(world, name) is is_listed


async def test_edits_survive_a_restart(world: Any, bets: str) -> None:
    controller = await started(world, bets, bets=b"bets.example\n")
    await controller.edit(ACT, "bets", [*add("new.example"), *remove("bets.example")])
    del controller
    again: Controller = world.controller()
    await again.start()
    assert listed(world, "new.example")
    assert not listed(world, "bets.example")
    assert [edit.name for edit in await again.edits("bets")] == ["bets.example", "new.example"]


async def test_an_edit_that_is_taken_back_ends_with_the_next_compilation(world: Any, bets: str) -> None:
    controller = await started(world, bets, bets=b"bets.example\n")
    await controller.edit(ACT, "bets", [*add("new.example"), *remove("bets.example")])
    wishes = [Wish(Change.TAKE_BACK, name) for name in ("new.example", "bets.example")]
    report = await controller.edit(ACT, "bets", wishes)
    assert (report.in_force, report.compiling, report.edits) == (0, True, ())
    await controller._step()
    assert not listed(world, "new.example")
    assert listed(world, "bets.example")
    assert len(world.compiled) == 2


async def test_a_list_that_contradicts_itself_is_compiled(world: Any) -> None:
    controller = await started(world, ADBLOCK, ads=b"||ads.example^\n@@||good.ads.example^\n")
    report = await controller.edit(ACT, "ads", add("good.ads.example"))
    assert (report.in_force, report.compiling) == (0, True)
    assert not listed(world, "good.ads.example")
    await controller._step()
    assert listed(world, "good.ads.example")
    assert not controller._editor.owes_compiling


async def test_gates_hold_for_edits_and_one_refusal_refuses_all(world: Any, bets: str, watch: str) -> None:
    controller = await started(
        world, bets, HELP, watch, bets=b"bets.example\n", help=b"helpline.example\n", watch=b"w.example\n"
    )
    refused = {"helpline.example": "protected", "www.helpline.example": "protected", "co.uk": "public suffix"}
    for name, words in refused.items():
        with pytest.raises(EditError, match=words):
            await controller.edit(ACT, "bets", add("fine.example", name))
    with pytest.raises(EditError, match="secret"):
        await controller.edit(ACT, "watch", add("fine.example"))
    with pytest.raises(NotFoundError):
        await controller.edit(ACT, "nobody", add("fine.example"))
    assert not listed(world, "fine.example")
    assert await controller.edits("bets") == ()
    assert (await controller.edit(ACT, "help", add("other.example"))).in_force == 1


async def test_an_edit_during_a_compilation_is_in_both_states(world: Any, bets: str) -> None:
    controller = await started(world, bets, bets=b"bets.example\n")
    compiling, go_on = threading.Event(), threading.Event()
    compiler = controller._preparer._compiler

    def slow(*arguments: Any, **more: Any) -> Any:
        compiling.set()
        assert go_on.wait(10)
        return compiler(*arguments, **more)

    controller._preparer._compiler = slow
    world.write(bets.replace("format: domains", "format: domains, title: Changed"))
    reloading = asyncio.ensure_future(controller.reload())
    assert await asyncio.to_thread(compiling.wait, 10)
    assert (await controller.edit(ACT, "bets", add("meanwhile.example"))).in_force == 1
    assert listed(world, "meanwhile.example")
    go_on.set()
    assert (await reloading).accepted
    assert world.view().tables.generation == 2
    assert listed(world, "meanwhile.example")


async def test_a_full_disk_changes_nothing(world: Any, bets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    controller = await started(world, bets, bets=b"bets.example\n")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("blocklists.journal.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        await controller.edit(ACT, "bets", add("new.example"))
    monkeypatch.undo()
    assert not listed(world, "new.example")
    assert await controller.edits("bets") == ()


async def test_old_files_of_changes_go_with_their_snapshots(world: Any, bets: str) -> None:
    controller = await started(world, bets, bets=b"bets.example\n")
    for number in range(8):
        world.write(bets.replace("format: domains", f"format: domains, title: T{number}"))
        assert (await controller.reload()).accepted
    state: Path = world.place.state
    stems = {path.stem for path in state.glob("snapshot-*.weir")}
    assert stems == {path.stem for path in state.glob("snapshot-*.delta")}
    assert len(stems) <= 5


async def test_before_anything_is_published_edits_are_kept(world: Any, bets: str) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    controller: Controller = world.controller()
    report = await controller.edit(ACT, "bets", [Wish(Change.ADD, "early.example", Scope.HOST)])
    assert (report.in_force, report.compiling) == (0, True)
    await controller.start()
    assert listed(world, "early.example")
    assert not listed(world, "www.early.example")


async def test_an_edit_leaves_its_event(world: Any, bets: str) -> None:
    controller = await started(world, bets, bets=b"bets.example\n")
    await controller.edit(ACT, "bets", [*add("new.example", "more.example"), *remove("bets.example")])
    await controller.edit(ACT, "bets", [Wish(Change.TAKE_BACK, "new.example")])
    first, second = (json.loads(text)["event"] for text in world.keepers[-1].lives.life("bets").pending[-2:])
    assert (first["kind"], first["subject"], first["reason"]) == ("list.edited", "bets", "as the court said")
    assert (first["detail"]["added"], first["detail"]["removed"], first["detail"]["edits"]) == (2, 1, 3)
    assert (second["detail"]["taken_back"], second["detail"]["edits"]) == (1, 2)
    assert first["before"] == ""
    assert first["after"] == second["before"] != second["after"]
    assert "example" not in str((first, second))


async def test_the_event_of_a_list_that_is_not_public_has_no_digest(world: Any, bets: str) -> None:
    restricted = bets.replace("format: domains", "format: domains, confidentiality: restricted")
    controller = await started(world, restricted, bets=b"bets.example\n")
    await controller.edit(ACT, "bets", add("new.example"))
    event = json.loads(world.keepers[-1].lives.life("bets").pending[-1])["event"]
    assert (event["kind"], event["before"], event["after"]) == ("list.edited", "", "")


async def test_the_event_of_an_edit_is_told_once_whatever_ends_when(
    world: Any, bets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = await started(world, bets, bets=b"bets.example\n")

    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Lives, "change", full)  # as if the process ended just behind the edit
        assert (await controller.edit(ACT, "bets", add("new.example"))).in_force == 1
    assert listed(world, "new.example")
    del controller
    for _ in range(2):
        again = world.controller()
        await again.start()
        await again._step()
        told = await events(again)
        assert [(row.kind, row.reason) for row in told if row.kind == "list.edited"] == [
            ("list.edited", "as the court said")
        ]
        del again
    again = world.controller()
    await again.start()
    await again.edit(ACT, "bets", add("more.example"))
    await again._step()
    assert [row.detail["edits"] for row in await events(again) if row.kind == "list.edited"] == [1, 2]


async def test_an_edit_that_changes_nothing_leaves_no_event(world: Any, bets: str) -> None:
    controller = await started(world, bets, bets=b"bets.example\n")
    for _ in range(2):
        await controller.edit(ACT, "bets", add("new.example"))
    await controller._step()
    assert len([row for row in await events(controller) if row.kind == "list.edited"]) == 1
