"""What the self-test expects and what answers mean for it."""

from __future__ import annotations

import pytest

from admin.services.probes import (
    Answer,
    Expected,
    Outcome,
    State,
    expected,
    judge_answer,
    judge_page,
    state_of,
)
from blocklists.model import Kind, LegalBasis, ListSource
from blocklists.properties import Fetching, Handling, PolicyOverride, Rpz

GATEWAY = "192.0.2.80"
WANTED = Expected(GATEWAY, 0, 15, 403)
BLOCKED = Answer(0, (GATEWAY,), (15,))
OPEN = Answer(0, ("198.51.100.7",))
FAILED = Answer(2, (), (22,))


def _source(kind: Kind, **more: object) -> ListSource:
    handling = Handling(canary="canary.test", ede=more.pop("ede", None))  # type: ignore[arg-type]
    return ListSource("one", "file:/list", "domains", kind, ("gambling",), handling=handling, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (_source(Kind.CATEGORY), Expected(GATEWAY, 0, 17, 403)),
        (_source(Kind.SECURITY), Expected(GATEWAY, 0, 15, 403)),
        (_source(Kind.ILLEGAL, legal_basis=LegalBasis.VOLUNTARY), Expected(GATEWAY, 0, 15, 403)),
        (_source(Kind.ILLEGAL, legal_basis=LegalBasis.COURT), Expected(GATEWAY, 0, 16, 451)),
        (_source(Kind.ILLEGAL, legal_basis=LegalBasis.STATUTE), Expected(GATEWAY, 0, 16, 451)),
        (_source(Kind.CATEGORY, ede=4), Expected(GATEWAY, 0, 4, 403)),
        (_source(Kind.PROTECTED), None),
    ],
)
def test_each_kind_of_list_has_its_own_enforcement(source: ListSource, wanted: Expected | None) -> None:
    assert expected(source, GATEWAY) == wanted


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        (PolicyOverride.GIVEN, Expected(GATEWAY, 0, 15, 403)),
        (PolicyOverride.NXDOMAIN, Expected("", 3, 15, 403)),
        (PolicyOverride.NODATA, Expected("", 0, 15, 403)),
        (PolicyOverride.DROP, None),
        (PolicyOverride.DISABLED, None),
        (PolicyOverride.PASSTHRU, None),
    ],
)
def test_the_override_of_a_zone_holds_for_its_canary(
    override: PolicyOverride, wanted: Expected | None
) -> None:
    source = _source(Kind.SECURITY, fetching=Fetching(rpz=Rpz(override)))
    assert expected(source, GATEWAY) == wanted


@pytest.mark.parametrize(
    ("canary", "control", "outcome"),
    [
        (BLOCKED, OPEN, Outcome.GOOD),
        (BLOCKED, FAILED, Outcome.GOOD),
        (BLOCKED, None, Outcome.GOOD),  # a dead upstream is no fault of enforcement
        (BLOCKED, BLOCKED, Outcome.WRONG),
        (None, OPEN, Outcome.SILENT),
        (OPEN, OPEN, Outcome.WRONG),
        (FAILED, FAILED, Outcome.WRONG),
        (Answer(3), OPEN, Outcome.WRONG),
        (Answer(5, (), (18,)), OPEN, Outcome.WRONG),
        (Answer(0, (GATEWAY,), (17,)), OPEN, Outcome.WRONG),
        (Answer(0, (GATEWAY,), ()), OPEN, Outcome.WRONG),
        (Answer(0, (GATEWAY, "198.51.100.7"), (15,)), OPEN, Outcome.WRONG),
        (Answer(0, (), (15,)), OPEN, Outcome.WRONG),
    ],
)
def test_only_the_exact_enforcement_counts(
    canary: Answer | None, control: Answer | None, outcome: Outcome
) -> None:
    found, words = judge_answer(WANTED, canary, control)
    assert found is outcome
    assert bool(words) is (outcome is not Outcome.GOOD)
    assert "198.51.100.7" not in words


@pytest.mark.parametrize(
    ("canary", "control", "outcome"),
    [
        (403, 421, Outcome.GOOD),
        (403, None, Outcome.GOOD),
        (403, 403, Outcome.WRONG),
        (451, 421, Outcome.WRONG),
        (None, None, Outcome.SILENT),
    ],
)
def test_the_stop_page(canary: int | None, control: int | None, outcome: Outcome) -> None:
    assert judge_page(WANTED, canary, control)[0] is outcome


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ({Outcome.GOOD}, State.WORKING),
        ({Outcome.GOOD, Outcome.UNKNOWN}, State.WORKING),
        ({Outcome.GOOD, Outcome.SILENT}, State.FAILING),
        ({Outcome.UNKNOWN, Outcome.WRONG}, State.FAILING),
        ({Outcome.OFF}, State.OFF),
        ({Outcome.UNKNOWN}, State.UNKNOWN),
        (set(), State.UNKNOWN),
    ],
)
def test_the_state_of_a_round(outcomes: set[Outcome], state: State) -> None:
    assert state_of(frozenset(outcomes)) is state
