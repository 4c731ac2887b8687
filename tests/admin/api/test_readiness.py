"""When the box counts as ready, and what is said when not."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from admin.api.appliance import Condition, ConfigCondition, ListCondition
from admin.api.readiness import judge
from admin.services.process_state import ProcessState
from admin.services.scanning import Scanning
from blocklists.model import Kind
from blocklists.records import Suspension

ALIVE = {name: ProcessState(name, "ready", os.getpid(), 0) for name in ("resolver-0", "gateway")}
SERVED: dict[str, int | None] = {"resolver-0": 4, "gateway": 4}
GOOD = Condition(
    ConfigCondition(loaded=1.0),
    lists=(ListCondition("bets", Kind.CATEGORY, loaded=True, state="accepted"),),
    generation=4,
    processes=("resolver-0", "gateway"),
)


def with_list(kind: Kind, state: str, *, loaded: bool) -> Condition:
    return replace(
        GOOD, lists=(ListCondition("watch", kind, loaded=loaded, state=state, message="no such file"),)
    )


def test_clients_that_walk_through_secret_lists_are_a_warning() -> None:
    assert judge(GOOD, ALIVE, SERVED).warnings == ()
    readiness = judge(replace(GOOD, scanning=Scanning(3, 0)), ALIVE, SERVED)
    assert readiness.ready
    assert [warning.partition(" ")[0] for warning in readiness.warnings] == ["3"]


SUSPENSION = Suspension(1.0, None, "why", "who")


@pytest.mark.parametrize(
    ("item", "warnings"),
    [
        (
            {"suspension": SUSPENSION},
            ["list watch is suspended until it is resumed: nothing of it is enforced"],
        ),
        (
            {"suspension": replace(SUSPENSION, until=2.0)},
            ["list watch is suspended until its time is over: nothing of it is enforced"],
        ),
        ({"pinned": "d" * 64}, ["list watch was rolled back and serves an earlier version"]),
        ({"pinned": "d" * 64, "state": "pinned", "message": "Rolled back."}, ["list watch: Rolled back."]),
        (
            {"age": 7300.0, "age_level": "warned"},
            ["list watch was last known to be current 2 hours ago (warned)"],
        ),
        (
            {"age": 3e5, "age_level": "past", "enforced": "names"},
            [
                "list watch was last known to be current 83 hours ago (past); its web addresses are not enforced any more"
            ],
        ),
        (
            {"age": 3e5, "age_level": "past", "enforced": "nothing"},
            ["list watch was last known to be current 83 hours ago (past); it is not enforced any more"],
        ),
    ],
)
def test_what_holds_only_for_now_is_warned_about(item: dict[str, Any], warnings: list[str]) -> None:
    listed = replace(ListCondition("watch", Kind.ILLEGAL, loaded=True, state="accepted"), **item)
    readiness = judge(replace(GOOD, lists=(listed,)), ALIVE, SERVED)
    assert readiness.ready
    assert list(readiness.warnings) == warnings


def test_all_is_well() -> None:
    readiness = judge(GOOD, ALIVE, SERVED)
    assert readiness.ready
    assert readiness.warnings == ()


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        (replace(GOOD, generation=None, processes=()), "nothing has been published yet"),
        (replace(GOOD, publish_problem="No space left"), "the newest state is not published: No space left"),
        (
            with_list(Kind.ILLEGAL, "failed", loaded=False),
            "list watch has never been loaded, so nothing of it is enforced: no such file",
        ),
        (
            with_list(Kind.PROTECTED, "never", loaded=False),
            "list watch has never been loaded, so nothing of it is enforced: no such file",
        ),
    ],
)
def test_what_keeps_it_from_being_ready(condition: Condition, problem: str) -> None:
    assert judge(condition, ALIVE, SERVED).problems == (problem,)


@pytest.mark.parametrize(
    ("condition", "warning"),
    [
        (with_list(Kind.CATEGORY, "failed", loaded=False), "list watch has never been loaded"),
        (
            with_list(Kind.ILLEGAL, "failed", loaded=True),
            "list watch: the last good version serves: no such file",
        ),
        (
            with_list(Kind.SECURITY, "held", loaded=True),
            "list watch: the last good version serves: no such file",
        ),
        (
            replace(GOOD, config=ConfigCondition(1.0, problems=("weir.yaml:3: x",))),
            "configuration: weir.yaml:3: x",
        ),
    ],
)
def test_what_only_wants_attention(condition: Condition, warning: str) -> None:
    readiness = judge(condition, ALIVE, SERVED)
    assert readiness.ready
    assert readiness.warnings[0].startswith(warning)


@pytest.mark.parametrize(
    ("process", "problem"),
    [
        (None, "gateway is not running"),
        (replace(ALIVE["gateway"], phase="starting"), "gateway is not running"),
        (replace(ALIVE["gateway"], pid=None), "gateway is not running"),
    ],
)
def test_a_process_that_does_not_run(process: ProcessState | None, problem: str) -> None:
    processes = {"resolver-0": ALIVE["resolver-0"]} | ({"gateway": process} if process else {})
    assert judge(GOOD, processes, SERVED).problems[0].startswith(problem)


@pytest.mark.parametrize("served", [3, None])
def test_a_process_that_serves_something_old(served: int | None) -> None:
    assert judge(GOOD, ALIVE, SERVED | {"resolver-0": served}).problems == (
        f"resolver-0 serves generation {served}, not 4",
    )


def test_an_address_that_cannot_be_had() -> None:
    words = "192.0.2.53:53 (UDP) is in use by another program: stop it or change resolver.listen"
    assert judge(GOOD, ALIVE, SERVED, (words,)).problems == (words,)


def test_what_of_the_database_is_left_out_is_a_warning() -> None:
    clash = "profile `strict` of the database is left out: weir.yaml declares one with this id"
    readiness = judge(replace(GOOD, clashes=(clash,)), ALIVE, SERVED)
    assert (readiness.ready, readiness.warnings) == (True, (clash,))
