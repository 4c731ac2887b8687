"""Periods: what people write, what it covers, and how it is called."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.audit.report.period import Period, PeriodError, between, month_before, of, year_before


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-05-17", date(2026, 5, 17), date(2026, 5, 17)),
    ],
)
def test_what_people_write(text: str, first: date, last: date) -> None:
    assert of(text) == Period(first, last)
    assert of(text).days == (last - first).days + 1


@pytest.mark.parametrize(
    "text", ["", "26", "2026-13", "2026-00", "2026-02-30", "2026-Q5", "0000", "2026-1", "1.5.2026", "٢٠٢٦"]
)
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(PeriodError):
        of(text)


def test_from_and_to_are_both_inside() -> None:
    found = between("2026-01", "2026-Q2")
    assert (found.first, found.last) == (date(2026, 1, 1), date(2026, 6, 30))
    with pytest.raises(PeriodError, match="ends before"):
        between("2026-02", "2026-01")


@given(st.dates(date(1971, 1, 1), date(9000, 1, 1)), st.integers(0, 800))
def test_a_period_has_whole_days_of_utc(first: date, days: int) -> None:
    period = Period(first, first + timedelta(days=days))
    assert period.end - period.begin == 86_400 * period.days
    assert datetime.fromtimestamp(period.begin, UTC).date() == first
    assert datetime.fromtimestamp(period.end - 1, UTC).date() == period.last


@given(st.dates(date(1971, 1, 1), date(9000, 1, 1)))
def test_names_lead_back(day: date) -> None:
    for found in (month_before(day), year_before(day), Period(day, day)):
        assert of(found.name) == found
    assert month_before(day).last < day.replace(day=1)
    assert year_before(day).last.year == day.year - 1
    assert Period(day, day + timedelta(days=40)).name == f"{day}_{day + timedelta(days=40)}"
