"""Rankings of popular names: the built-in one, and files as the public rankings ship them. Reading text is all it does.

A line is a name, or two fields with a comma: rank or bucket, and a name or web address (Tranco and Umbrella write
``1,google.com``, the Chrome report ``1000,https://www.google.com``). The order of the lines is the order of the ranking; a
head line and comments are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from itertools import islice

from blocklists.canonical import CanonicalError, host
from blocklists.suffixes import is_public_suffix


class RankingError(ValueError):
    """The text is no ranking of names; the message says why."""


@cache
def built_in_ranking() -> tuple[str, ...]:
    """The names that ship with Weir, most popular first."""
    text = resources.files("blocklists").joinpath("popular.txt").read_text("utf-8")
    return parse_ranking(text, top=len(text))


def parse_ranking(text: str, *, top: int) -> tuple[str, ...]:
    """The first ``top`` names of a ranking, each once. RankingError if most of its lines name nothing.

    Public suffixes are left out: no list may have them at all.
    """
    lines = [line for raw in text.splitlines() if (line := raw.strip()) and not line.startswith("#")]
    names = [_name(line) for line in lines]
    if sum(name is None for name in names) > len(lines) // 2:
        raise RankingError(
            f"most of its {len(lines):,} lines have no name; write one name a line, or rank,name with a comma"
        )
    return tuple(islice(_each_once(names), top))


def _each_once(names: Iterable[str | None]) -> Iterable[str]:
    seen: set[str] = set()
    for name in names:
        if name is not None and name not in seen and not is_public_suffix(name):
            seen.add(name)
            yield name


def _name(line: str) -> str | None:
    """The name of a line; None if it has none."""
    text = line.rpartition(",")[2].strip()
    text = text.partition("://")[2].partition("/")[0] or text
    try:
        return host(text)
    except CanonicalError:
        return None
