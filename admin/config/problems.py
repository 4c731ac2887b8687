"""What can be wrong with a configuration, in words for the operator: where, what, nearest known word, remedy."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the supervisor does without the models, and so without their library
    from pydantic_core import PydanticCustomError

MAX_PROBLEMS = 100
"""A person mends a screenful at a time; a file of another kind would give one problem per line."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``line`` counts from 1 and is 0 for the file as a whole; ``path`` is the key, dotted."""

    file: Path
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        """``file:line: path: message``, without the parts that do not apply."""
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        return ": ".join(part for part in (where, self.path, self.message) if part)


class ConfigError(ValueError):
    """The configuration cannot be used; ``problems`` says all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def fault(message: str, *, key: str | int = "", file: str = "", line: int = 0) -> PydanticCustomError:
    """An error for a pydantic validator. ``key`` names the key below the validated value that is at fault; ``file``
    and ``line`` point into another file that the configuration names.
    """
    from pydantic_core import PydanticCustomError

    return PydanticCustomError(
        "weir", "{message}", {"message": message, "key": key, "file": file, "line": line}
    )


def nearest(word: str, known: Collection[str]) -> str:
    """`` (did you mean `x`?)``; nothing if no known word is near."""
    # Case folded: `STRICT` is nearest to `strict`, which plain similarity would miss.
    folded = {candidate.lower(): candidate for candidate in sorted(known)}
    if close := difflib.get_close_matches(word.lower()[:80], folded, n=1):
        return f" (did you mean {shown(folded[close[0]])}?)"
    return ""


def shown(value: object, limit: int = 60) -> str:
    """A value as the operator wrote it, in one short printable line."""
    return f"`{plain(str(value).lower() if isinstance(value, bool) else str(value), limit)}`"


def plain(text: str, limit: int = 60) -> str:
    """The text cut to ``limit`` characters, without what a terminal might obey."""
    cut = "".join(char if char.isprintable() else "�" for char in text[:limit])
    return f"{cut}…" if len(text) > limit else cut
