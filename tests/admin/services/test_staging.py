"""Trials: when a state that one worker tries out goes to all, and when it is rolled back."""

from __future__ import annotations

import pytest

from admin.services.staging import TAKES, Outcome, Trial, judged

QUIET = {"generation": 7, "started": 1, "queries_udp": 0, "queries_tcp": 0, "servfail": 0, "faults": 0}
NEW = QUIET | {"generation": 8}


def _trial(**fields: object) -> Trial:
    made: dict[str, object] = {"generation": 8, "began": 0.0, "watch": 60.0, "queries": 100}
    return Trial(**(made | {"before": (QUIET, QUIET)} | fields))  # type: ignore[arg-type]  # a table of cases


def _busy(queries: int, blocked: int, **others: int) -> dict[str, int]:
    return NEW | {"queries_udp": queries, "blocked_category": blocked, "blocked_by_target": blocked} | others


CASES = [
    ("just began", QUIET, QUIET, 1.0, Outcome.WAIT, ""),
    ("does not take it", QUIET, QUIET, TAKES, Outcome.ROLL_BACK, "could not take"),
    ("no page at all", {}, QUIET, TAKES, Outcome.ROLL_BACK, "could not take"),
    ("died", NEW | {"started": 2}, QUIET, 5.0, Outcome.ROLL_BACK, "started again"),
    ("all is well, too early", _busy(500, 10), _busy(500, 10), 59.0, Outcome.WAIT, ""),
    ("all is well", _busy(500, 10), _busy(500, 10), 60.0, Outcome.PROMOTE, "500 queries"),
    ("nobody asks", NEW, NEW, 60.0, Outcome.WAIT, ""),
    ("nobody has asked for long", NEW, NEW, 120.0, Outcome.PROMOTE, "0 queries"),
    ("blocks all", _busy(500, 500), _busy(500, 10), 2.0, Outcome.ROLL_BACK, "blocked 100%"),
    ("blocks a little more", _busy(500, 40), _busy(500, 10), 60.0, Outcome.PROMOTE, ""),
    ("blocks in too few to tell", _busy(50, 50), _busy(500, 10), 2.0, Outcome.WAIT, ""),
    ("fails", _busy(500, 0, servfail=50), _busy(500, 0), 2.0, Outcome.ROLL_BACK, "failed to answer 10%"),
    ("all fail", _busy(500, 0, servfail=50), _busy(500, 0, servfail=50), 60.0, Outcome.PROMOTE, ""),
    ("faults", _busy(500, 0, faults=3), _busy(500, 0), 2.0, Outcome.ROLL_BACK, "3 faults"),
    ("the others have no numbers", _busy(500, 10), {}, 60.0, Outcome.PROMOTE, ""),
]


@pytest.mark.parametrize(
    ("first", "other", "now", "outcome", "words"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_trial_is_judged(
    first: dict[str, int], other: dict[str, int], now: float, outcome: Outcome, words: str
) -> None:
    decided, why = judged(_trial(), (first, other), now)
    assert decided is outcome, why
    assert words in why


def test_only_what_came_during_the_trial_counts() -> None:
    long_ago = QUIET | {"queries_udp": 1_000_000, "blocked_category": 900_000}
    now = long_ago | {"generation": 8, "queries_udp": 1_000_500, "blocked_category": 900_010}
    assert judged(_trial(before=(long_ago, QUIET)), (now, _busy(500, 10)), 60.0)[0] is Outcome.PROMOTE


def test_another_worker_that_began_again_counts_from_zero() -> None:
    before = QUIET | {"queries_udp": 1_000_000}
    other = _busy(500, 10, started=2)
    assert judged(_trial(before=(QUIET, before)), (_busy(500, 10), other), 60.0)[0] is Outcome.PROMOTE
