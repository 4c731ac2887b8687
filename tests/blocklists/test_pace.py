"""How often lists are looked for, and when zones expire."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from blocklists.enforcement import Ages, ages_of
from blocklists.model import Kind, ListSource, Timers
from blocklists.pace import Pace, pace_of

HOUR, DAY = 3600.0, 86_400.0


@pytest.mark.parametrize(
    ("timers", "expected"),
    [
        (None, Pace(HOUR, HOUR, None)),
        (Timers(600, 120, 86_400), Pace(600.0, 120.0, DAY)),
        (Timers(86_400, 7_200, 604_800), Pace(HOUR, HOUR, 7 * DAY)),
        (Timers(1, 0, 86_400), Pace(60.0, 60.0, DAY)),
        (Timers(600, 900, 0), Pace(600.0, 600.0, 1_200.0)),
    ],
    ids=["no zone", "the zone is quicker", "the list is quicker", "too quick", "expires before its refresh"],
)
def test_the_shorter_holds(source: Callable[..., ListSource], timers: Timers | None, expected: Pace) -> None:
    assert pace_of(source(refresh=HOUR), timers) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.SECURITY, Ages(2 * HOUR, None, DAY)), (Kind.ILLEGAL, Ages(2 * HOUR, 3 * DAY, DAY))],
)
def test_an_expired_zone_is_past_its_age(
    source: Callable[..., ListSource], kind: Kind, expected: Ages
) -> None:
    assert ages_of(source(refresh=HOUR, kind=kind), Timers(3_600, 600, 86_400)) == expected


def test_the_list_s_own_age_holds_if_it_is_less(source: Callable[..., ListSource]) -> None:
    assert ages_of(source(refresh=HOUR, kind=Kind.ILLEGAL), Timers(3_600, 600, 2_419_200)).past == 3 * DAY
