"""The names of a box's logs, one following the other: ``<series>/<year>``, with a letter where a year has several. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_LABEL = re.compile(r"([0-9]{4})([b-z]?)", re.ASCII)
_STRANGE = re.compile(r"[^a-z0-9._-]+", re.ASCII)
_LETTERS = "bcdefghijklmnopqrstuvwxyz"


class SeriesError(ValueError):
    """There is no name for another log."""


def series_of(origin: str, node: str) -> str:
    """What all logs of a box have in common: the configured origin, or one made of the node's name."""
    name = _STRANGE.sub("-", node.lower()).strip("-.") or "weir"
    return origin or f"{name}/weir"


def year_of(now: float) -> int:
    """The year (UTC) of POSIX seconds."""
    return datetime.fromtimestamp(now, UTC).year


def label_of(origin: str) -> str:
    """The last part of an origin: the folder in which a log lies once another has followed it."""
    return origin.rpartition("/")[2]


def is_label(name: str) -> bool:
    """Whether a folder of this name holds an earlier log."""
    return _LABEL.fullmatch(name) is not None


def is_over(origin: str, now: float) -> bool:
    """Whether a log's year has ended; a clock that goes back ends nothing."""
    match = _LABEL.fullmatch(label_of(origin))
    return match is not None and int(match[1]) < year_of(now)


def first(series: str, now: float) -> str:
    """The first log of a series."""
    return f"{series}/{year_of(now)}"


def following(series: str, before: str, now: float) -> str:
    """The log after ``before``: of this year, or the next letter where that year has one already. SeriesError: no letter
    is left.
    """
    match = _LABEL.fullmatch(label_of(before))
    year = year_of(now)
    if match is None or int(match[1]) < year:
        return f"{series}/{year}"
    at = _LETTERS.find(match[2]) + 1 if match[2] else 0
    if at == len(_LETTERS):
        raise SeriesError(
            f"the year {match[1]} has had {at + 1} logs already; the next can begin with the next year"
        )
    return f"{series}/{match[1]}{_LETTERS[at]}"
