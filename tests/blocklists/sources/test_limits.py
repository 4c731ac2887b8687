"""The rate that a body must keep, second by second."""

from __future__ import annotations

import pytest

from blocklists.sources.limits import Limits, Rate


@pytest.mark.parametrize(
    ("pieces", "kept"),
    [
        ([(1, 9.9)], [True]),
        ([(1, 10.0)], [False]),
        ([(100, 10.0)], [True]),
        ([(50, 5.0), (50, 10.0), (99, 20.0)], [True, True, False]),
        ([(1_000_000, 1.0), (0, 10.0), (0, 20.0)], [True, True, False]),
    ],
)
def test_every_window_must_bring_enough(pieces: list[tuple[int, float]], kept: list[bool]) -> None:
    rate = Rate(Limits(window=10.0, least=100), now=0.0)
    assert [rate.is_kept(size, now) for size, now in pieces] == kept
