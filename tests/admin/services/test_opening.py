"""The rule of two persons, and what becomes of an opening as time passes: tables of cases and properties."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.services.actors import GRANTS, Actor, ActorKind, DeniedError, Permission, Role
from admin.services.errors import ConflictError
from admin.services.opening import (
    LASTS,
    MOST_USES,
    WAITS,
    Opening,
    Person,
    Purpose,
    Stage,
    Wish,
    check_second,
    check_use,
)

EVA, ANNA, LEA = Person("Eva", Role.AUDITOR), Person("Anna", Role.OPERATOR), Person("Lea", Role.LIST_MANAGER)
ASKED = Opening("7", Wish("watch", "a" * 64, Purpose.TEXT), "why", EVA, 1_000.0, 1_000.0 + WAITS)
AGREED = replace(ASKED, agreer=ANNA, agreed=2_000.0, ends=2_000.0 + LASTS)


@pytest.mark.parametrize(
    ("opening", "at", "stage"),
    [
        (ASKED, 1_000.0, Stage.WAITING),
        (ASKED, 999.0, Stage.OVER),
        (ASKED, 1_000.0 + WAITS, Stage.OVER),
        (AGREED, 2_000.0, Stage.OPEN),
        (AGREED, 1_999.0, Stage.OVER),
        (AGREED, 2_000.0 + LASTS - 1, Stage.OPEN),
        (AGREED, 2_000.0 + LASTS, Stage.OVER),
        (replace(AGREED, uses=MOST_USES[Purpose.TEXT]), 2_000.0, Stage.SPENT),
        (replace(AGREED, uses=MOST_USES[Purpose.TEXT] - 1), 2_000.0, Stage.OPEN),
        (AGREED, float("nan"), Stage.OVER),
    ],
)
def test_how_far_an_opening_is(opening: Opening, at: float, stage: Stage) -> None:
    assert opening.stage(at) is stage


@pytest.mark.parametrize(
    ("asker", "second", "may"),
    [
        (EVA, ANNA, True),
        (EVA, LEA, True),
        (ANNA, EVA, True),
        (LEA, EVA, True),
        (EVA, EVA, False),
        (EVA, Person("Eva", Role.OPERATOR), False),
        (EVA, Person("Eve", Role.AUDITOR), False),
        (ANNA, LEA, False),
        (ANNA, Person("Ben", Role.OPERATOR), False),
    ],
)
def test_one_of_the_two_is_an_auditor(asker: Person, second: Person, *, may: bool) -> None:
    asked = replace(ASKED, asker=asker)
    if may:
        check_second(asked, second, 1_500.0)
    else:
        with pytest.raises(ConflictError):
            check_second(asked, second, 1_500.0)


def test_what_waits_no_more_is_agreed_to_by_nobody() -> None:
    for opening, at in ((AGREED, 2_500.0), (ASKED, 1_000.0 + WAITS)):
        with pytest.raises(ConflictError, match="waits for nobody"):
            check_second(opening, LEA, at)


PEOPLE = st.builds(Person, st.sampled_from(["Eva", "Anna", "Lea", "Ben"]), st.sampled_from(Role))


@given(PEOPLE, PEOPLE, PEOPLE, st.floats(0, 10 * WAITS), st.integers(0, 12))
def test_nobody_is_given_anything_alone(a: Person, b: Person, taker: Person, at: float, uses: int) -> None:
    """Whatever happens: only one of two holders that differ, while it is open, and the other is named."""
    opening = replace(AGREED, asker=a, agreer=b, uses=uses)
    try:
        other = check_use(opening, taker, at)
    except (ConflictError, DeniedError):
        return
    assert opening.stage(at) is Stage.OPEN
    assert taker.holder in (a.holder, b.holder)
    assert other in (a, b)
    if a.holder != b.holder:
        assert other.holder != taker.holder


@pytest.mark.parametrize(
    ("opening", "words"),
    [
        (ASKED, "second person must agree"),
        (replace(AGREED, ends=2_000.0), "ask for another"),
        (replace(AGREED, uses=10), "as often as it may be"),
    ],
)
def test_what_may_not_be_used_says_why(opening: Opening, words: str) -> None:
    with pytest.raises(ConflictError, match=words):
        check_use(opening, EVA, 2_000.0)


def test_who_a_person_is() -> None:
    token = Actor(ActorKind.TOKEN, "t", "Eva", GRANTS[Role.AUDITOR], "auditor")
    assert Person.of(token) == EVA
    assert Person.of(Actor.of_the_box(ActorKind.LOCAL, "root")).role is Role.OPERATOR
    with pytest.raises(DeniedError, match="told apart"):
        Person.of(replace(token, holder=""))
    with pytest.raises(DeniedError, match="audit:open"):
        Person.of(replace(token, permissions=frozenset({Permission.AUDIT_READ})))
