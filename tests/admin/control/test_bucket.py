"""The bound on how often something happens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from admin.control.bucket import Bucket


def test_a_burst_then_the_rate() -> None:
    bucket = Bucket(rate=2.0, burst=3.0)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(10.5), bucket.take(10.5)] == [True, False]
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]


@given(st.lists(st.floats(-10.0, 10.0), max_size=200))
def test_never_more_than_the_rate_whatever_the_clock_does(steps: list[float]) -> None:
    bucket, now, taken = Bucket(rate=1.0, burst=5.0), 0.0, 0
    newest = 0.0
    for step in steps:
        now += step
        newest = max(newest, now)
        taken += bucket.take(now)
    assert taken <= 5.0 + newest + 1e-6
