"""Timers against a dictionary: what is due, in what order, in how much memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from resolver.exchange.timers import Timers

operations = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.integers(0, 5), st.integers(0, 20)),
        st.tuples(st.just("clear"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("due"), st.just(0), st.integers(0, 20)),
    ),
    max_size=80,
)


@given(operations)
def test_against_a_dictionary(script: list[tuple[str, int, int]]) -> None:
    timers, model = Timers(), dict[int, float]()
    for operation, number, when in script:
        if operation == "set":
            timers.set(number, when)
            model[number] = when
        elif operation == "clear":
            timers.clear(number)
            model.pop(number, None)
        else:
            due = timers.take_due(when)
            assert sorted(due) == sorted(each for each, time in model.items() if time <= when)
            times = [model.pop(each) for each in due]
            assert times == sorted(times)
        assert timers.next() == min(model.values(), default=None)
        assert len(timers) == len(model)


def test_earliest_first() -> None:
    timers = Timers()
    for number, when in ((1, 3.0), (2, 1.0), (3, 2.0)):
        timers.set(number, when)
    assert timers.take_due(2.5) == [2, 3]
    assert timers.next() == 3.0


def test_memory_follows_the_live_timers() -> None:
    timers = Timers()
    for round_ in range(10_000):
        timers.set(1, float(round_))
    assert len(timers._heap) < 100
    for number in range(10_000):
        timers.set(number, 1.0)
    for number in range(10_000):
        timers.clear(number)
    assert len(timers._heap) < 100
    assert timers.next() is None
