"""Moments as people write them."""

from __future__ import annotations

import pytest

from admin.services.moment import parse_moment
from admin.services.subject import QuestionError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1777659300", 1_777_659_300.0),
        ("1777659300.5", 1_777_659_300.5),
        ("2026-05-01T20:15:00+02:00", 1_777_659_300.0),
        ("2026-05-01T18:15:00Z", 1_777_659_300.0),
        ("2026-05-01T18:15", 1_777_659_300.0),
    ],
)
def test_what_is_a_moment(text: str, moment: float) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["", "tomorrow", "nan", "inf", "1e999", "2026-13-01", "25:00"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(QuestionError, match="at is no moment in time; write"):
        parse_moment(text)
