"""How much of a list is enforced: by age, by its policy, by what people decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.enforcement import Ages, Enforced, ages_of, enforced, level_of, to_be_left_out
from blocklists.model import Kind, ListSource
from blocklists.properties import Handling, StalePolicy
from blocklists.records import AgeLevel, ListLife, Suspension

Make = Callable[..., ListSource]
HOUR = 3600.0
SUSPENDED = ListLife(suspension=Suspension(1.0, None, "why", "who"))
PAST = ListLife(age=AgeLevel.PAST)


@pytest.mark.parametrize(
    ("kind", "handling", "expected"),
    [
        (Kind.CATEGORY, Handling(), Ages(2 * HOUR, None, None)),
        (Kind.SECURITY, Handling(max_age=24 * HOUR), Ages(2 * HOUR, None, 24 * HOUR)),
        (Kind.ILLEGAL, Handling(), Ages(2 * HOUR, 72 * HOUR, 72 * HOUR)),
        (Kind.ILLEGAL, Handling(warn_age=HOUR, max_age=96 * HOUR), Ages(HOUR, 72 * HOUR, 96 * HOUR)),
    ],
)
def test_ages(kind: Kind, handling: Handling, expected: Ages, source: Make) -> None:
    assert ages_of(source(kind=kind, refresh=HOUR, handling=handling)) == expected


@pytest.mark.parametrize(
    ("age", "level"),
    [
        (None, AgeLevel.CURRENT),
        (0.0, AgeLevel.CURRENT),
        (9.9, AgeLevel.CURRENT),
        (10.0, AgeLevel.WARNED),
        (20.0, AgeLevel.CRITICAL),
        (30.0, AgeLevel.PAST),
        (1e12, AgeLevel.PAST),
    ],
)
def test_levels(age: float | None, level: AgeLevel) -> None:
    assert level_of(age, Ages(10.0, 20.0, 30.0)) is level


def test_a_list_without_further_ages_is_warned_about_for_ever() -> None:
    assert level_of(1e12, Ages(10.0, None, None)) is AgeLevel.WARNED


@pytest.mark.parametrize(
    ("life", "stale", "expected"),
    [
        (ListLife(), StalePolicy.DROP, Enforced.ALL),
        (ListLife(age=AgeLevel.CRITICAL), StalePolicy.DROP, Enforced.ALL),
        (PAST, None, Enforced.NAMES),
        (PAST, StalePolicy.KEEP, Enforced.ALL),
        (PAST, StalePolicy.DROP, Enforced.NOTHING),
        (SUSPENDED, StalePolicy.KEEP, Enforced.NOTHING),
        (replace(SUSPENDED, age=AgeLevel.PAST), None, Enforced.NOTHING),
    ],
)
def test_what_is_enforced(
    life: ListLife, stale: StalePolicy | None, expected: Enforced, source: Make
) -> None:
    assert enforced(source(handling=Handling(stale=stale)), life) is expected


LISTS = st.lists(st.tuples(st.sampled_from(Kind), st.sets(st.sampled_from("abc")), st.booleans()), max_size=6)


@given(lists=LISTS)
def test_masking_the_lists_that_stay_never_touches_another(
    lists: list[tuple[Kind, set[str], bool]], source: Make
) -> None:
    sources = [
        source(id=f"l{n}", kind=kind, categories=tuple(categories))
        for n, (kind, categories, _) in enumerate(lists)
    ]
    off = {f"l{n}" for n, (_, _, is_off) in enumerate(lists) if is_off}
    left_out = to_be_left_out(sources, off)
    assert left_out <= off
    for item in sources:
        if item.id in off - left_out and item.kind is not Kind.ILLEGAL:
            others = {
                category
                for other in sources
                if other.id != item.id and other.kind is not Kind.ILLEGAL
                for category in other.categories
            }
            assert not others.intersection(item.categories)
