"""The life of a child, as conversations: what happens at which second, and what the supervisor must then do."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.supervisor.children import (
    FIRST_DELAY,
    HEALTHY_AFTER,
    LONGEST_DELAY,
    REFUSAL,
    START_LIMIT,
    STOP_LIMIT,
    WATCHDOG,
    Child,
    Command,
    Kill,
    Phase,
    Say,
    Spawn,
    describe_end,
)


def running(now: float = 0.0, *, ready: bool = True) -> Child:
    child = Child("gateway")
    assert child.start() == [Spawn()]
    child.started(now)
    if ready:
        child.notified({"READY": "1"}, now)
    return child


def said(commands: list[Command]) -> str:
    return " ".join(command.text for command in commands if isinstance(command, Say))


def test_a_child_that_dies_is_started_again_and_that_is_said() -> None:
    child = running(now=10.0)
    assert said(child.exited(1, 11.0)) == "gateway ended with status 1; starting it again in 0.1 s"
    assert child.phase is Phase.WAITING
    assert child.tick(11.0 + FIRST_DELAY / 2) == []
    assert child.tick(11.0 + FIRST_DELAY) == [Spawn()]
    assert child.restarts == 1


def test_the_delay_doubles_up_to_its_limit() -> None:
    child, now, delays = running(ready=False), 0.0, []
    for _ in range(12):
        child.exited(-9, now)
        assert child.deadline is not None
        delays.append(child.deadline - now)
        now = child.deadline
        assert child.tick(now) == [Spawn()]
        child.started(now)
    assert delays[:5] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6])
    assert delays[-3:] == pytest.approx([LONGEST_DELAY] * 3)


@pytest.mark.parametrize(("healthy_for", "delay"), [(HEALTHY_AFTER, FIRST_DELAY), (HEALTHY_AFTER - 1, 0.4)])
def test_health_makes_earlier_failures_forgotten(healthy_for: float, delay: float) -> None:
    child = running(ready=False)
    for _ in range(2):
        child.exited(1, 0.0)
        child.started(0.0)
    child.notified({"READY": "1"}, 5.0)
    child.exited(1, 5.0 + healthy_for)
    assert child.deadline == pytest.approx(5.0 + healthy_for + delay)


@pytest.mark.parametrize("ready", [True, False])
def test_the_supervisors_own_absence_is_no_silence(ready: bool) -> None:
    child = running(now=0.0, ready=ready)
    child.notified({"WATCHDOG": "1"}, 5.0)
    child.excuse(100.0)
    assert child.tick(5.0 + 100.0 + WATCHDOG - 0.1) == []
    assert child.tick(5.0 + 100.0 + WATCHDOG)[-1] == Kill(signal.SIGKILL)


def test_absence_postpones_no_restart() -> None:
    child = running(now=0.0)
    child.exited(1, 1.0)
    due = child.deadline
    child.excuse(100.0)
    assert child.deadline == due


def test_a_silent_child_is_killed_and_then_started_again() -> None:
    child = running(now=0.0)
    child.notified({"WATCHDOG": "1"}, 15.0)
    assert child.tick(WATCHDOG) == []
    assert child.tick(15.0 + WATCHDOG) == [Say("gateway was silent for 20 s: killed"), Kill(signal.SIGKILL)]
    assert child.tick(100.0) == []  # once is enough: its end will be heard
    assert "SIGKILL" in said(child.exited(-9, 100.0))
    assert child.tick(101.0) == [Spawn()]


def test_a_child_that_never_says_a_word_gets_longer() -> None:
    child = running(ready=False)
    assert child.tick(START_LIMIT - 0.1) == []
    assert child.tick(START_LIMIT)[-1] == Kill(signal.SIGKILL)


def test_stopping_is_polite_first() -> None:
    child = running(now=0.0)
    assert child.stop(50.0) == [Kill(signal.SIGTERM)]
    assert child.stop(51.0) == []
    assert child.tick(50.0 + STOP_LIMIT - 0.1) == []
    assert child.tick(50.0 + STOP_LIMIT)[-1] == Kill(signal.SIGKILL)
    assert child.exited(-9, 56.0) == []
    assert child.phase is Phase.GONE


def test_a_second_signal_hurries() -> None:
    child = running()
    assert child.hurry() == []
    child.stop(1.0)
    assert child.hurry() == [Kill(signal.SIGKILL)]


def test_a_child_between_two_lives_stops_at_once() -> None:
    child = running()
    child.exited(1, 1.0)
    assert child.stop(1.0) == []
    assert child.phase is Phase.GONE
    assert child.tick(60.0) == []


def test_what_cannot_be_started_is_tried_again() -> None:
    child = Child("gateway")
    child.start()
    text = said(child.could_not_start("no more processes", 3.0))
    assert text == "gateway could not be started: no more processes; starting it again in 0.1 s"
    assert child.tick(3.2) == [Spawn()]


def test_status_is_remembered() -> None:
    child = running()
    child.notified({"STATUS": "compiling lists"}, 1.0)
    child.notified({"WATCHDOG": "1"}, 2.0)
    assert child.status == "compiling lists"


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "ended with status 0"), (-11, "was killed by SIGSEGV (11)"), (-250, "was killed by signal (250)")],
)
def test_ends_in_words(code: int, words: str) -> None:
    assert describe_end(code) == words


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["started", "ready", "watchdog", "exited", "failed", "tick", "stop", "hurry"]),
        st.floats(0, 200),
    ),
    max_size=60,
)


@given(EVENTS)
def test_in_any_order_of_events_it_is_started_only_when_wanted(events: list[tuple[str, float]]) -> None:
    child, now, stopped, alive = Child("x"), 0.0, False, False
    child.start()
    for event, passed in events:
        now += passed
        commands: list[Command] = []
        match event:
            case "started" if not alive and child.phase in (Phase.IDLE, Phase.WAITING):
                child.started(now)
                alive = True
            case "ready":
                child.notified({"READY": "1"}, now)
            case "watchdog":
                child.notified({"WATCHDOG": "1"}, now)
            case "exited" if alive:
                commands, alive = child.exited(1, now), False
            case "failed" if not alive and child.phase is Phase.WAITING:
                commands = child.could_not_start("x", now)
            case "tick":
                commands = child.tick(now)
            case "stop":
                commands, stopped = child.stop(now), True
            case "hurry":
                commands = child.hurry()
        if stopped or alive:
            assert Spawn() not in commands
        if child.phase is Phase.WAITING and child.deadline is not None:
            assert child.deadline <= now + LONGEST_DELAY
        if child.phase is Phase.GONE:
            assert child.deadline is None


def judging() -> Child:
    child = Child("control", judges=True)
    child.start()
    child.started(0.0)
    return child


def test_a_refused_configuration_is_not_tried_again() -> None:
    child = judging()
    assert child.exited(REFUSAL, 1.0) == []
    assert (child.phase, child.refused, child.deadline) == (Phase.GONE, True, None)


@pytest.mark.parametrize(("was_ready", "code"), [(True, REFUSAL), (False, 1), (False, -9)])
def test_other_ends_are_no_refusal(was_ready: bool, code: int) -> None:
    child = judging()
    if was_ready:
        child.notified({"READY": "1"}, 0.5)
    assert child.exited(code, 1.0) != []
    assert (child.phase, child.refused) == (Phase.WAITING, False)
    assert running(ready=False).exited(REFUSAL, 1.0) != []


def test_a_child_that_says_what_it_waits_for_is_not_slow() -> None:
    child = running(0.0, ready=False)
    for second in range(0, 600, 10):
        child.notified({"WATCHDOG": "1", "STATUS": "waiting for the first generation"}, float(second))
        assert child.tick(second + 9.0) == []
    assert child.phase is Phase.STARTING
    assert child.tick(590.0 + WATCHDOG) != []
