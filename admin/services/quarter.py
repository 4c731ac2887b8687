"""Quarters of a year, in UTC: what a certificate speaks about. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

MONTHS = 3


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter, written ``2026Q4``."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """ValueError in words for anything but a year from 2000 to 2999 and a quarter from Q1 to Q4."""
        match = re.fullmatch(r"(2[0-9]{3})Q([1-4])", text, re.ASCII)
        if match is None:
            raise ValueError(f"{text[:20]!r} is no quarter; write for example 2026Q4")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: float) -> Quarter:
        """The quarter in which a moment (Unix seconds) lies."""
        when = datetime.fromtimestamp(moment, UTC)
        return cls(when.year, (when.month - 1) // MONTHS + 1)

    @property
    def begin(self) -> float:
        """Its first moment, Unix seconds."""
        return datetime(self.year, (self.number - 1) * MONTHS + 1, 1, tzinfo=UTC).timestamp()

    @property
    def end(self) -> float:
        """The first moment after it, Unix seconds."""
        following = Quarter(self.year, self.number + 1) if self.number < 4 else Quarter(self.year + 1, 1)
        return following.begin

    def __str__(self) -> str:
        """As it is parsed."""
        return f"{self.year}Q{self.number}"
