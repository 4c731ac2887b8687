"""How much of a list is enforced now: age and people's decisions together. Pure.

``past`` and ``suspended`` never change what is stored of a list; when they end, all of it is in force again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from blocklists.model import Kind, ListSource, Timers
from blocklists.pace import pace_of
from blocklists.properties import StalePolicy
from blocklists.records import AgeLevel, ListLife

REFRESHES_BEFORE_WARNING = 2
"""Requirement E1: a list that missed so many updates is warned about."""
CRITICAL_AGE = 72 * 3600.0
"""Seconds; requirement E1, for illegal content. Its maximum age too, where the list has none of its own."""


class Enforced(StrEnum):
    """Which part of a list is enforced."""

    ALL = "all"
    NAMES = "names"
    """Its URL entries have ended."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Ages:
    """From which age on, in seconds, a list has which level; None = never."""

    warned: float
    critical: float | None
    past: float | None


def ages_of(source: ListSource, timers: Timers | None = None) -> Ages:
    """The ages that hold for a list; a zone's own ``timers`` may make them less, never more."""
    illegal = source.kind is Kind.ILLEGAL
    handling, pace = source.handling, pace_of(source, timers)
    warned = REFRESHES_BEFORE_WARNING * pace.refresh if handling.warn_age is None else handling.warn_age
    past = handling.max_age
    if past is None and illegal:
        past = CRITICAL_AGE
    if pace.expire is not None:
        past = pace.expire if past is None else min(past, pace.expire)
    return Ages(warned, CRITICAL_AGE if illegal else None, past)


def level_of(age: float | None, ages: Ages) -> AgeLevel:
    """The level of a list of this age in seconds; one that was never loaded has no age and is not old."""
    if age is None:
        return AgeLevel.CURRENT
    if ages.past is not None and age >= ages.past:
        return AgeLevel.PAST
    if ages.critical is not None and age >= ages.critical:
        return AgeLevel.CRITICAL
    return AgeLevel.WARNED if age >= ages.warned else AgeLevel.CURRENT


def enforced(source: ListSource, life: ListLife) -> Enforced:
    """What is enforced of a list. An old list with URL entries and no policy of its own loses those alone (E1)."""
    if life.suspension is not None or life.erasure is not None:
        return Enforced.NOTHING
    if life.age is not AgeLevel.PAST or source.handling.stale is StalePolicy.KEEP:
        return Enforced.ALL
    return Enforced.NOTHING if source.handling.stale is StalePolicy.DROP else Enforced.NAMES


def to_be_left_out(sources: Iterable[ListSource], off: Collection[str]) -> frozenset[str]:
    """Those of the lists ``off`` that must be compiled without, because masking their bits would not end them alone.

    That is a list that feeds a category which another list feeds too: both set the same bit. It does not matter whether
    the other is on: one that comes back must not bring this one with it.
    """
    lists = tuple(sources)
    feeders = Counter(category for source in lists for category in set(fed_by(source)))
    return frozenset(
        source.id
        for source in lists
        if source.id in off and any(feeders[category] > 1 for category in fed_by(source))
    )


def fed_by(source: ListSource) -> tuple[str, ...]:
    """The categories of which an entry of the list sets the bit; an illegal list feeds none."""
    return () if source.kind is Kind.ILLEGAL else source.categories
