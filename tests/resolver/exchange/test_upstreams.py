"""Health, round-trip times and choice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from resolver.exchange.endpoint import Endpoint
from resolver.exchange.upstreams import Pool, Upstream

ONE, TWO, THREE = "192.0.2.1:53", "192.0.2.2:53", "[2001:db8::3]:53"


def _upstreams(pool: Pool, dice: Any) -> dict[str, Upstream]:
    """All upstreams of the pool by address."""
    found: dict[str, Upstream] = {}
    barred: set[Endpoint] = set()
    while (upstream := pool.choose(dice, {}, barred)) is not None:
        found[str(upstream.endpoint)] = upstream
        barred.add(upstream.endpoint)
    return found


@pytest.mark.parametrize(
    ("story", "healthy"),
    [("", True), ("FF", True), ("FFF", False), ("FFAFF", True), ("FFAFFF", False), ("FFFA", True)],
)
def test_three_failures_in_a_row_take_it_down_and_an_answer_brings_it_back(
    upstream_one: Any, story: str, healthy: bool
) -> None:
    upstream = Upstream(upstream_one)
    for event in story:
        if event == "F":
            upstream.failed(0.5, 0.0)
        else:
            upstream.answered(None)
    assert upstream.healthy is healthy


def test_the_back_off_doubles_up_to_its_bound(upstream_one: Any) -> None:
    upstream, now, waits = Upstream(upstream_one), 0.0, []
    for _ in range(3):
        upstream.failed(None, now)
    for _ in range(7):
        start = now
        while not upstream.is_probe_due(now):
            now += 0.5
        waits.append(now - start)
        upstream.failed(None, now)
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_a_burst_of_failures_counts_as_one_outage(upstream_one: Any) -> None:
    upstream = Upstream(upstream_one)
    for _ in range(100):
        upstream.failed(0.5, 10.0)
    assert upstream.is_probe_due(11.0)
    assert upstream.state().failures == 3


def test_a_refusal_says_nothing_of_speed(upstream_one: Any) -> None:
    upstream = Upstream(upstream_one)
    upstream.failed(None, 0.0)
    assert upstream.rtt is None
    upstream.failed(0.8, 0.0)
    assert upstream.rtt == 0.8


@pytest.mark.parametrize(
    ("rtts", "tries", "timeout"),
    [
        ([], 0, 0.8),
        ([], 1, 1.6),
        ([], 9, 3.2),
        ([0.001] * 20, 0, 0.3),
        ([0.001] * 20, 1, 0.6),
        ([9.0], 0, 1.5),
        ([-1.0], 0, 0.3),
        ([0.2], 0, 0.6),
        ([0.3] * 60, 0, 0.4),
    ],
)
def test_the_time_for_a_try(upstream_one: Any, rtts: list[float], tries: int, timeout: float) -> None:
    upstream = Upstream(upstream_one)
    for rtt in rtts:
        upstream.answered(rtt)
    assert upstream.try_timeout(tries) == pytest.approx(timeout)


def test_the_fastest_is_chosen_and_the_unknown_tried_first(dice: Any) -> None:
    pool = Pool([ONE, TWO, THREE])
    known = _upstreams(pool, dice)
    known[ONE].answered(0.05)
    known[TWO].answered(0.02)
    assert pool.choose(dice, {}, ()) is known[THREE]
    known[THREE].answered(0.5)
    assert pool.choose(dice, {}, ()) is known[TWO]


def test_fewest_tries_come_before_speed_and_health_before_both(dice: Any) -> None:
    pool = Pool([ONE, TWO])
    known = _upstreams(pool, dice)
    known[ONE].answered(0.01)
    known[TWO].answered(0.09)
    assert pool.choose(dice, {known[ONE].endpoint: 1}, ()) is known[TWO]
    for _ in range(3):
        known[TWO].failed(None, 0.0)
    assert pool.choose(dice, {known[ONE].endpoint: 1}, ()) is known[ONE]
    assert pool.choose(dice, {}, {known[ONE].endpoint}) is known[TWO]
    assert pool.choose(dice, {}, {known[ONE].endpoint, known[TWO].endpoint}) is None


def test_now_and_then_chance_decides() -> None:
    class Dice:
        def __init__(self) -> None:
            self.state = 0.0

        def getrandbits(self, bits: int, /) -> int:
            return 0

        def random(self) -> float:
            self.state = (self.state + 0.61803398875) % 1
            return self.state

    dice = Dice()
    pool = Pool([ONE, TWO])
    known = _upstreams(pool, dice)
    known[ONE].answered(0.01)
    known[TWO].answered(0.09)
    chosen = Counter(pool.choose(dice, {}, ()) for _ in range(3000))
    assert 10 < chosen[known[TWO]] < 100


def test_one_probe_at_a_time_and_only_while_another_serves(dice: Any) -> None:
    pool = Pool([ONE, TWO])
    known = _upstreams(pool, dice)
    assert pool.take_probe(0.0) is None
    for _ in range(3):
        known[ONE].failed(None, 0.0)
    assert pool.take_probe(0.5) is None
    assert pool.take_probe(1.0) is known[ONE]
    assert pool.take_probe(1.0) is None
    assert pool.take_probe(3.0) is known[ONE]
    for _ in range(3):
        known[TWO].failed(None, 0.0)
    assert pool.take_probe(1000.0) is None


def test_an_update_keeps_what_is_known(dice: Any) -> None:
    pool = Pool([ONE, TWO])
    _upstreams(pool, dice)[ONE].answered(0.25)
    pool.update([THREE, ONE])
    assert [(state.address, state.rtt) for state in pool.states()] == [(THREE, None), (ONE, 0.25)]
    with pytest.raises(ValueError, match="upstream 'x'"):
        pool.update([TWO, "x"])
    assert [state.address for state in pool.states()] == [THREE, ONE]


def test_lost_case_and_edns_come_back(upstream_one: Any) -> None:
    upstream = Upstream(upstream_one)
    assert upstream.keeps_case(0.0)
    assert upstream.knows_edns(0.0)
    upstream.lost_case(10.0)
    upstream.lost_edns(10.0)
    assert not upstream.keeps_case(609.9)
    assert upstream.keeps_case(610.0)
    assert not upstream.knows_edns(309.9)
    assert upstream.knows_edns(310.0)
