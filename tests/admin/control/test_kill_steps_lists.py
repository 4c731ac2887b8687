"""A control that dies between any two steps of a decision about a list leaves the decision with its event, or neither."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from admin.api.appliance import Wish
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.store.tables import EventRow
from blocklists.edits import Change

ANNA = Actor.of_the_box(ActorKind.LOCAL, "anna")
ACT = Act(ANNA, 1.0, "as the court said")
MOST_STEPS = 40


class DiedError(BaseException):
    """The process has ended here; nothing catches it."""


def dying(monkeypatch: pytest.MonkeyPatch, step: int) -> Callable[[], bool]:
    """Ends at the ``step``-th call that makes something durable; the answer says whether it came to that."""
    calls = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls >= step:
                raise DiedError
            return real(*arguments, **named)

        return call

    for owner, name in ((os, "fsync"), (Path, "rename"), (os, "write")):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    return lambda: calls >= step


async def told(controller: Any, kind: str) -> list[str]:
    async with controller.database.reading() as transaction:
        rows = await transaction.session.scalars(select(EventRow).where(EventRow.kind == kind))
        return [row.holder for row in rows]


async def suspend(controller: Any, step: int) -> None:
    await controller.lists.suspend(ANNA, "bets", f"case {step}", None)


async def edit(controller: Any, step: int) -> None:
    await controller.edit(ACT, "bets", [Wish(Change.ADD, f"n{step}.example")])


def is_suspended(controller: Any, step: int) -> bool:
    suspension = controller._keeper.lives.life("bets").suspension
    return suspension is not None and suspension.reason == f"case {step}"


def is_edited(controller: Any, step: int) -> bool:
    return f"n{step}.example" in [edit.name for edit in controller._editor.edits("bets")]


@pytest.mark.parametrize(
    ("decide", "is_decided", "kind"),
    [(suspend, is_suspended, "list.suspended"), (edit, is_edited, "list.edited")],
)
async def test_a_decision_and_its_event_are_one(
    world: Any, bets: str, decide: Any, is_decided: Any, kind: str
) -> None:
    world.write(bets)
    world.sources.texts = {"bets": b"bets.example\n"}
    outcomes = []
    for step in range(1, MOST_STEPS):
        controller = world.controller()
        await controller.start()
        await controller._step()
        before = len(await told(controller, kind))
        with pytest.MonkeyPatch.context() as patched:
            came_to_it = dying(patched, step)
            with contextlib.suppress(DiedError):
                await decide(controller, step)
        del controller
        again = world.controller()
        await again.start()
        await again._step()
        outcomes.append(is_decided(again, step))
        assert len(await told(again, kind)) - before == int(outcomes[-1]), step
        del again
        if not came_to_it():
            break
    assert outcomes == sorted(outcomes)  # from some step on it is decided
    assert set(outcomes) == {True, False}
    assert len(outcomes) < MOST_STEPS - 1
