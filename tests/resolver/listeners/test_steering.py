"""Which CPU a serving thread stays on."""

from __future__ import annotations

import pytest

from resolver.listeners.steering import cpu_of


@pytest.mark.parametrize(
    ("slot", "workers", "allowed", "online", "expected"),
    [
        (0, 2, {0, 1}, 2, 0),
        (1, 2, {0, 1}, 2, 1),
        (3, 2, {0, 1}, 2, 1),  # a slot of an earlier, larger configuration
        (0, 1, {0, 1}, 2, None),  # the scheduler does better
        (0, 3, {0, 1}, 2, None),
        (0, 2, {0, 1}, 4, None),  # restricted by somebody who knows why
        (0, 1, {0}, 1, 0),
    ],
)
def test_one_worker_per_cpu_has_its_own(
    slot: int, workers: int, allowed: set[int], online: int, expected: int | None
) -> None:
    assert cpu_of(slot, workers, allowed, online) == expected
