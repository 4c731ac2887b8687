"""What every change of something stored has in common, and how long answers are cut into pages. Frozen values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from admin.config.fields import Section
from admin.services.actors import Actor

_S = TypeVar("_S", bound=Section)
_T = TypeVar("_T")

MOST_PER_PAGE = 1_000
LONGEST_REASON = 500
"""Characters, as in the table of events."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who changes something, when, why, and from what state."""

    actor: Actor
    at: float
    """Unix seconds."""
    reason: str = ""
    revision: int | None = None
    """The revision that the change starts from (If-Match); None = whatever there is."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a long answer is wanted: at most ``limit`` things behind the one called ``after``."""

    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Part(Generic[_T]):
    """A part of a long answer. ``after`` is where the next one begins, None when this is the last."""

    items: tuple[_T, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Item(Generic[_S]):
    """A list, category, profile or subscriber. One that the file declares has revision 0 and no times."""

    id: str
    section: _S
    declared: bool
    revision: int = 0
    created: float | None = None
    changed: float | None = None
