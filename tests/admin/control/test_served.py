"""What is told of what processes serve: once all of them show it, once for each binding, and whoever refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from admin.control.clocks import Clocks
from admin.control.proofs import Binding
from admin.control.served import Served
from resolver.counting import WORKER_COUNTERS
from resolver.runtime.counters import CounterPage

WORKERS = ("resolver-0", "resolver-1")
FIRST = Binding(7, "ab" * 32, "cd" * 32, 3)


class Notes:
    """Takes events as the storage does: what has a mark is written once."""

    def __init__(self) -> None:
        self.events: dict[str, Any] = {}

    async def note(self, event: Any, _actor: Any, _at: float, mark: str) -> None:
        self.events.setdefault(mark, event)

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.events.values() if event.kind == kind]


class Box:
    def __init__(self, run: Path) -> None:
        self.run, self.notes, self.now = run, Notes(), 1_800_000_000.0
        self.pages = [CounterPage(run / f"worker-{slot}.counters", WORKER_COUNTERS) for slot in (0, 1)]

    def served(self) -> Served:
        """As after a start of control."""
        storage: Any = self.notes
        return Served(self.run, storage, Clocks(lambda: self.now, lambda: self.now), "box-1")

    def tell(self, slot: int, **numbers: int) -> None:
        for name, value in numbers.items():
            self.pages[slot].set(self.pages[slot].slot(name), value)

    def serves(self, slot: int, binding: Binding) -> None:
        self.tell(slot, generation=binding.generation, logged_state=binding.mark)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


async def test_a_state_is_told_once_all_serve_it(box: Box) -> None:
    served = box.served()
    box.serves(0, FIRST)
    await served.look(FIRST, WORKERS)
    assert served.waits
    assert not box.notes.events
    box.now += 5
    box.serves(1, FIRST)
    await served.look(FIRST, WORKERS)
    await served.look(FIRST, WORKERS)
    assert not served.waits
    (event,) = box.notes.of("state.enforced")
    assert (event.subject, event.after) == ("box-1", FIRST.state)
    assert event.detail == {
        "snap": FIRST.snap,
        "state": FIRST.state,
        "generation": 7,
        "since_resolver-0": 1_800_000_000.0,
        "since_resolver-1": 1_800_000_005.0,
    }


@pytest.mark.parametrize(
    "numbers",
    [
        {"generation": 6},
        {"logged_state": 0},
        {"logged_state": Binding(7, "ba" * 32, FIRST.snap, 2).mark},
    ],
    ids=["older generation", "nothing proven", "state of before a change in place"],
)
async def test_one_that_serves_something_else_keeps_it_from_being_told(
    box: Box, numbers: dict[str, int]
) -> None:
    served = box.served()
    for slot in (0, 1):
        box.serves(slot, FIRST)
    box.tell(1, **numbers)
    await served.look(FIRST, WORKERS)
    assert not box.notes.events
    box.serves(1, FIRST)
    await served.look(FIRST, WORKERS)
    assert len(box.notes.of("state.enforced")) == 1


async def test_a_process_without_a_page_serves_nothing(box: Box) -> None:
    box.serves(0, FIRST)
    served = box.served()
    await served.look(FIRST, ("resolver-0", "gateway"))
    assert not box.notes.events
    await served.look(FIRST, ())
    await served.look(None, WORKERS)
    assert not box.notes.events


async def test_another_control_tells_nothing_anew_and_the_same_state_bound_anew_is(box: Box) -> None:
    for slot in (0, 1):
        box.serves(slot, FIRST)
    await box.served().look(FIRST, WORKERS)
    await box.served().look(FIRST, WORKERS)  # control was killed before it knew that this was told
    assert len(box.notes.of("state.enforced")) == 1
    again = Binding(FIRST.generation, FIRST.state, FIRST.snap, FIRST.index + 9)
    await box.served().look(again, WORKERS)
    assert len(box.notes.of("state.enforced")) == 2


async def test_refusals_are_told_as_they_grow_and_for_each_process(box: Box) -> None:
    served = box.served()
    for slot in (0, 1):
        box.tell(slot, started=100 + slot)
    box.tell(1, generations_refused=1)
    await served.look(FIRST, WORKERS)
    await served.look(FIRST, WORKERS)
    (event,) = box.notes.of("worker.refused")
    assert (event.subject, event.detail["refused"]) == ("resolver-1", 1)
    box.tell(1, started=200, generations_refused=1)  # another process, which has refused one of its own
    await served.look(FIRST, WORKERS)
    box.tell(1, generations_refused=3)
    await served.look(FIRST, WORKERS)
    assert [event.detail["refused"] for event in box.notes.of("worker.refused")] == [1, 1, 3]
