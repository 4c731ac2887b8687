"""The moment that a question is about, as a person or a program writes it. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from admin.services.subject import QuestionError

LATEST = 4_102_444_800.0
"""Unix seconds of the year 2100: an end that lies beyond it is a mistake of the unit, and no calendar could show it."""
FORMS = "write 2026-05-01T20:15:00+02:00, 2026-05-01T18:15 (UTC) or Unix seconds"


def parse_moment(text: str, name: str = "at") -> float:
    """Unix seconds of a time in ISO 8601, without a zone in UTC, or of Unix seconds. QuestionError if it is neither.

    ``name`` is what the message calls it.
    """
    try:
        moment = float(text)
    except ValueError:
        return _moment_of_text(text, name)
    if not math.isfinite(moment):
        raise QuestionError(f"{name} is no moment in time; {FORMS}")
    return moment


def _moment_of_text(text: str, name: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise QuestionError(f"{name} is no moment in time; {FORMS}") from None
