"""When lists are due, second by second."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.control.schedule import CALL_GAP, FIRST_RETRY, JITTER, Schedule


class Half:
    """Randomness in the middle."""

    def random(self) -> float:
        return 0.5


def test_a_list_is_due_then_waits_for_its_refresh_and_some_jitter() -> None:
    schedule = Schedule(Half())
    schedule.put("bets", 3600.0, due=10.0)
    assert schedule.due(9.9) == set()
    assert schedule.due(10.0) == {"bets"}
    schedule.tried("bets", 10.0, succeeded=True)
    assert schedule.next_due() == pytest.approx(10.0 + 3600.0 * (1 + JITTER / 2))


def test_failures_back_off_up_to_the_refresh() -> None:
    schedule, waits = Schedule(Half()), []
    schedule.put("bets", 600.0, due=0.0)
    for _ in range(6):
        schedule.tried("bets", 0.0, succeeded=False)
        waits.append(schedule.next_due())
    stretch = 1 + JITTER / 2
    assert waits == pytest.approx(
        [FIRST_RETRY * stretch, 120 * stretch, 240 * stretch, 480 * stretch, 630.0, 630.0]
    )
    schedule.tried("bets", 0.0, succeeded=True)
    schedule.tried("bets", 0.0, succeeded=False)
    assert schedule.next_due() == pytest.approx(FIRST_RETRY * stretch)


def test_a_short_refresh_is_never_slowed_down() -> None:
    schedule = Schedule(Half())
    schedule.put("bets", 5.0, due=0.0)
    schedule.tried("bets", 0.0, succeeded=False)
    assert schedule.next_due() == pytest.approx(5.25)


def test_what_is_forgotten_stays_forgotten() -> None:
    schedule = Schedule(Half())
    schedule.put("bets", 5.0, due=0.0)
    schedule.put("chat", 5.0, due=3.0)
    schedule.keep_only({"chat"})
    schedule.tried("bets", 0.0, succeeded=True)
    assert schedule.due(100.0) == {"chat"}
    assert schedule.next_due() == 3.0
    assert schedule.next_due({"chat"}) is None


def test_a_call_is_followed_at_once_and_the_next_one_a_little_later() -> None:
    schedule = Schedule(Half())
    schedule.put("zone", 3600.0, due=5_000.0)
    schedule.call("zone", 10.0)
    assert schedule.due(10.0) == {"zone"}
    schedule.begun("zone")
    schedule.tried("zone", 10.1, succeeded=True)
    assert schedule.next_due() == pytest.approx(10.1 + 3600.0 * (1 + JITTER / 2))
    for _ in range(5):
        schedule.call("zone", 10.2)  # a flood is one look
    assert schedule.next_due() == pytest.approx(10.0 + CALL_GAP)


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_call_during_an_attempt_is_for_the_next_one(succeeded: bool) -> None:
    schedule = Schedule(Half())
    schedule.put("zone", 3600.0, due=0.0)
    schedule.begun("zone")
    schedule.call("zone", 1.0)
    schedule.tried("zone", 2.0, succeeded=succeeded)
    assert schedule.due(2.0) == {"zone"}
    schedule.begun("zone")
    schedule.tried("zone", 3.0, succeeded=True)
    assert schedule.due(100.0) == set()


def test_a_call_never_puts_off_what_is_due_and_strangers_stay_strangers() -> None:
    schedule = Schedule(Half())
    schedule.put("zone", 3600.0, due=10.1)
    schedule.call("zone", 10.0)
    schedule.begun("zone")
    schedule.call("zone", 10.05)
    assert schedule.due(10.1) == {"zone"}
    schedule.call("other", 10.0)
    schedule.keep_pace("other", 1.0, 1.0)
    schedule.begun("other")
    assert schedule.moment("other") is None


def test_a_pace_holds_from_the_next_attempt_on() -> None:
    schedule = Schedule(Half())
    schedule.put("zone", 3600.0, due=0.0)
    schedule.keep_pace("zone", 600.0, 90.0)
    stretch = 1 + JITTER / 2
    schedule.tried("zone", 0.0, succeeded=True)
    assert schedule.next_due() == pytest.approx(600.0 * stretch)
    waits = []
    for _ in range(3):
        schedule.tried("zone", 0.0, succeeded=False)
        waits.append(schedule.next_due())
    assert waits == pytest.approx([60.0 * stretch, 90.0 * stretch, 90.0 * stretch])


@given(st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), max_size=50), st.floats(1, 1e6), st.integers())
def test_the_next_moment_is_always_ahead_and_never_far(
    attempts: list[tuple[float, bool]], refresh: float, seed: int
) -> None:
    schedule, now = Schedule(random.Random(seed)), 0.0
    schedule.put("bets", refresh, due=0.0)
    for passed, succeeded in attempts:
        now += passed
        schedule.tried("bets", now, succeeded=succeeded)
        due = schedule.next_due()
        assert due is not None
        assert now < due <= now + refresh * (1 + JITTER) + 1e-6
