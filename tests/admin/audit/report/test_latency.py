"""From decision to force: each node, overtaken decisions, nodes that come and go, and numbers that never run wild."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from admin.audit.report.model import spread

SNAP = "ab" * 32
EMPTY = {"count": 0, "median": None, "p95": None, "longest": None}


def sync(maker: Any, at: int, number: int, **facts: Any) -> str:
    """A new version of the court's list; gives its state."""
    maker.lists["court"] = replace(maker.lists["court"], raw=f"{number:064x}", upd=at - 10)
    maker.change(at, "list.sync", list="court", **facts)
    state: str = maker.state
    return state


def enforce(maker: Any, at: int, node: str, state: str) -> None:
    maker.add(at, "enforce", node=node, snap=SNAP, served=state)


def latency(maker: Any) -> dict[str, Any]:
    found: dict[str, Any] = maker.report("2026-01")["lists"]["court"]["latency"]
    return found


def test_a_later_state_has_the_earlier_decision_too(maker: Any, moment: Any) -> None:
    start = moment("2026-01-05")
    sync(maker, start, 1)
    state = sync(maker, start + 60, 2)
    enforce(maker, start + 65, "r1", state)
    enforce(maker, start + 66, "r2", state)
    assert latency(maker)["enforced"] == {"count": 4, "median": 6, "p95": 66, "longest": 66}


def test_a_node_that_serves_an_old_state_has_not_the_new_one(maker: Any, moment: Any) -> None:
    start = moment("2026-01-05")
    old = maker.state
    state = sync(maker, start, 1)
    enforce(maker, start + 5, "r1", old)
    enforce(maker, start + 9, "r1", state)
    enforce(maker, start + 10, "r1", state)  # said again: counted once
    found = latency(maker)
    assert found["enforced"]["count"] == 1
    assert found["enforced"]["longest"] == 9
    assert found["not_confirmed"] == 1  # by r2


def test_a_state_that_returns_counts_from_when_it_came_back(maker: Any, moment: Any) -> None:
    start = moment("2026-01-05")
    first = sync(maker, start, 1)
    enforce(maker, start + 1, "r1", first)
    enforce(maker, start + 1, "r2", first)
    sync(maker, start + 100, 2)
    maker.lists["court"] = replace(maker.lists["court"], raw=f"{1:064x}", upd=start - 10)
    maker.change(start + 200, "list.rollback", list="court", chg={"add": 3, "del": 4})
    assert maker.state == first
    enforce(maker, start + 207, "r1", first)
    enforce(maker, start + 207, "r2", first)
    found = latency(maker)
    assert found["unblocked"] == {"count": 2, "median": 7, "p95": 7, "longest": 7}
    assert found["enforced"]["count"] == 6
    assert found["enforced"]["longest"] == 107


def test_a_decision_of_the_month_before_is_not_this_months(maker: Any, moment: Any) -> None:
    state = sync(maker, moment("2025-12-31 23:59:59"), 1)
    enforce(maker, moment("2026-01-01 00:00:03"), "r1", state)
    assert latency(maker)["enforced"] == EMPTY
    assert maker.report("2025-12")["lists"]["court"]["latency"]["not_confirmed"] == 1


def test_new_versions_that_only_remove_unblock(maker: Any, moment: Any) -> None:
    start = moment("2026-01-05")
    for number, change in enumerate(({"add": 0, "del": 2}, {"add": 1, "del": 1}, {"add": 1, "del": 0}, None)):
        state = sync(maker, start + 60 * number, number, **({} if change is None else {"chg": change}))
        enforce(maker, start + 60 * number + 1, "r1", state)
        enforce(maker, start + 60 * number + 1, "r2", state)
    found = latency(maker)
    assert (found["unblocked"]["count"], found["enforced"]["count"]) == (4, 6)


def test_a_leaf_that_comes_after_its_state_is_not_measured_by_another(maker: Any, moment: Any) -> None:
    start = moment("2026-01-05")
    maker.lists["court"] = replace(maker.lists["court"], raw="77" * 32)
    maker.change(start, "publish", snap=SNAP)
    maker.add(start + 30, "list.sync", list="court")
    state = sync(maker, start + 86_400, 9)
    enforce(maker, start + 86_402, "r1", state)
    assert latency(maker)["enforced"] == {"count": 1, "median": 2, "p95": 2, "longest": 2}


@given(st.lists(st.integers(0, 10**9)))
def test_ranks_are_values_that_were_measured(values: list[int]) -> None:
    found = spread(values)
    if not values:
        assert found == EMPTY
        return
    assert {found["median"], found["p95"], found["longest"]} <= set(values)
    assert found["median"] <= found["p95"] <= found["longest"]
    assert 2 * sum(value <= found["median"] for value in values) >= len(values)
    assert 100 * sum(value <= found["p95"] for value in values) >= 95 * len(values)
    assert sum(value < found["p95"] for value in values) * 100 < 95 * len(values) + 100


def test_a_node_that_was_taken_away_is_waited_for_no_longer(maker: Any, moment: Any) -> None:
    """Seven days long; then what the others confirm is confirmed, and no decision stays open for its sake."""
    start = moment("2026-01-02")
    for day in range(20):
        state = sync(maker, start + day * 86_400, day)
        enforce(maker, start + day * 86_400 + 5, "r1", state)
    found = latency(maker)
    assert found["enforced"] == {"count": 20, "median": 5, "p95": 5, "longest": 5}
    assert found["not_confirmed"] == 8


def test_a_node_that_comes_back_is_waited_for_again(maker: Any, moment: Any) -> None:
    start = moment("2026-01-02")
    for day in range(12):
        enforce(maker, start + day * 86_400 + 5, "r1", sync(maker, start + day * 86_400, day))
    enforce(maker, start + 12 * 86_400, "r2", maker.state)
    before = latency(maker)["not_confirmed"]
    state = sync(maker, start + 12 * 86_400 + 100, 99)
    enforce(maker, start + 12 * 86_400 + 105, "r1", state)
    assert latency(maker)["not_confirmed"] == before + 1


def test_a_node_that_was_quiet_because_nothing_happened_is_measured(maker: Any, moment: Any) -> None:
    state = sync(maker, moment("2026-01-20"), 1)
    enforce(maker, moment("2026-01-20") + 3, "r1", state)
    enforce(maker, moment("2026-01-20") + 4, "r2", state)
    assert latency(maker)["enforced"]["count"] == 2


def test_only_what_brings_a_version_is_measured_from_its_fetch(maker: Any, moment: Any) -> None:
    start = moment("2026-01-20")
    maker.lists["court"] = replace(maker.lists["court"], enf="nothing")
    maker.change(start, "list.suspend", list="court")
    maker.lists["court"] = replace(maker.lists["court"], enf="all")
    maker.change(start + 100, "list.resume", list="court")
    enforce(maker, start + 105, "r1", maker.state)
    enforce(maker, start + 105, "r2", maker.state)
    found = latency(maker)
    assert found["enforced"]["longest"] == 5
    assert found["since_fetch"] == EMPTY, "it was fetched long before"
