"""Rankings of popular names: the built-in one, and files as the public rankings ship them.

A line is a name, or two fields with a comma: rank or bucket, and a name or web address (Tranco and Umbrella write
``1,google.com``, the Chrome report ``1000,https://www.google.com``). The order of the lines is the order of the ranking; a
head line and comments are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path

from blocklists.canonical import CanonicalError, host
from blocklists.suffixes import is_public_suffix

MAX_RANKING_BYTES = 32 * 1024 * 1024
"""Rankings of a million names have 25 MB; what stands behind that is not looked at."""
_LINES_PER_NAME = 4
"""Lines that are looked at for each name that is wanted: names repeat, and some are no names."""


class RankingError(ValueError):
    """The text is no ranking of names; the message says why."""


@cache
def built_in_ranking() -> tuple[str, ...]:
    """The names that ship with Weir, most popular first."""
    text = resources.files("blocklists").joinpath("popular.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))


def read_ranking(path: Path, *, top: int) -> tuple[str, ...]:
    """The first ``top`` names of the ranking in a file. RankingError if it cannot be read or is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_RANKING_BYTES)
    except OSError as error:
        raise RankingError(f"cannot be read: {error.strerror}") from None
    return parse_ranking(data.decode("utf-8", "replace"), top=top)


def parse_ranking(text: str, *, top: int) -> tuple[str, ...]:
    """The first ``top`` names of a ranking, each once. RankingError if most of its lines name nothing.

    Public suffixes are left out: no list may have them at all.
    """
    lines = [line for raw in text.splitlines() if (line := raw.strip()) and not line.startswith("#")]
    names = [_name(line) for line in lines[: _LINES_PER_NAME * top]]
    if sum(name is None for name in names) > len(names) // 2:
        raise RankingError(
            f"most of its {len(names):,} lines have no name; write one name a line, or rank,name with a comma"
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
