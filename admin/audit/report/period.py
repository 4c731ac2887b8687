"""Periods of a report: whole days of UTC. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_YEAR = re.compile(r"(\d{4})", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-?Q([1-4])", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_MONTHS_OF_A_YEAR = 12


class PeriodError(ValueError):
    """A text that names no period, in words for who typed it."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first second of ``first`` to the last one of ``last``."""

    first: date
    last: date

    @property
    def begin(self) -> int:
        """The first second, in POSIX seconds."""
        return _seconds(self.first)

    @property
    def end(self) -> int:
        """The first second after it."""
        return _seconds(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def name(self) -> str:
        """``2026``, ``2026-Q2``, ``2026-05``, a day, or the first and last one."""
        for text in (
            f"{self.first:%Y}",
            _quarter_of(self.first),
            f"{self.first:%Y-%m}",
            self.first.isoformat(),
        ):
            if of(text) == self:
                return text
        return f"{self.first}_{self.last}"


def of(text: str) -> Period:
    """The year, quarter, month or day of this name. PeriodError."""
    try:
        if found := _YEAR.fullmatch(text):
            return _months(int(found[1]), 1, _MONTHS_OF_A_YEAR)
        if found := _QUARTER.fullmatch(text):
            return _months(int(found[1]), 3 * int(found[2]) - 2, 3)
        if found := _MONTH.fullmatch(text):
            return _months(int(found[1]), int(found[2]), 1)
        if found := _DAY.fullmatch(text):
            day = date(int(found[1]), int(found[2]), int(found[3]))
            return Period(day, day)
    except ValueError as error:
        raise PeriodError(f"{text}: there is no such day, month or year") from error
    raise PeriodError(f"{text}: write a year (2026), quarter (2026-Q2), month (2026-05) or day (2026-05-17)")


def between(first: str, last: str) -> Period:
    """From the beginning of one to the end of the other. PeriodError."""
    found = Period(of(first).first, of(last).last)
    if found.last < found.first:
        raise PeriodError(f"the period from {first} to {last} ends before it begins")
    return found


def month_before(day: date) -> Period:
    """The last whole month before that of ``day``."""
    last = day.replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


def year_before(day: date) -> Period:
    """The last whole year before that of ``day``."""
    return of(f"{day.year - 1:04d}")


def _months(year: int, month: int, count: int) -> Period:
    first = date(year, month, 1)
    behind = date(year + (month + count > _MONTHS_OF_A_YEAR), (month + count - 1) % _MONTHS_OF_A_YEAR + 1, 1)
    return Period(first, behind - timedelta(days=1))


def _quarter_of(day: date) -> str:
    return f"{day:%Y}-Q{(day.month + 2) // 3}"


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
