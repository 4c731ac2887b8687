"""Whether a new state that one worker tries out may go to all: its numbers beside those of the other workers. Pure.

The first worker gets the same mix of queries as the others (the kernel spreads them by address and port), so what differs
in its numbers is the new state's doing. What is compared are shares of queries, and only of what came while it was tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

Numbers = Mapping[str, int]
"""A worker's counters by name, those of its cores added to its own (``serving.read_pages``)."""

TAKES = 15.0
"""Seconds in which the worker must have taken the new state: millions of entries are mapped in less than one."""
_FACTOR = 2.0
"""So many times the others' share is too much, beyond an allowance for chance:"""
_BLOCKED, _FAILED = 0.05, 0.02
_FAULTS = 3
"""Faults of the worker's own in the time are too many, if the others have fewer."""


class Outcome(Enum):
    """What to do with a state that is tried out."""

    WAIT = "wait"
    PROMOTE = "promote"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried out and how: ``began`` in monotonic seconds, the counters of then, the trying worker's first."""

    generation: int
    began: float
    watch: float
    queries: int
    before: Sequence[Numbers]


def judged(trial: Trial, after: Sequence[Numbers], now: float) -> tuple[Outcome, str]:
    """What to do at ``now`` (monotonic seconds) with these counters, and why in words."""
    first, passed = after[0], now - trial.began
    if first.get("generation") != trial.generation:
        if passed < TAKES:
            return Outcome.WAIT, ""
        return Outcome.ROLL_BACK, "the first worker could not take the new state"
    if first.get("started") != trial.before[0].get("started"):
        return Outcome.ROLL_BACK, "the first worker ended and was started again"
    tried = _shares(trial.before[:1], after[:1])
    others = _shares(trial.before[1:], after[1:])
    if tried.queries >= trial.queries and (reason := _worse(tried, others)):
        return Outcome.ROLL_BACK, reason
    if passed < trial.watch or (tried.queries < trial.queries and passed < 2 * trial.watch):
        return Outcome.WAIT, ""
    return Outcome.PROMOTE, f"{tried.queries:,} queries went well on the first worker"


@dataclass(frozen=True, slots=True)
class _Shares:
    queries: int
    blocked: float
    failed: float
    faults: float
    """Per worker."""


def _shares(before: Sequence[Numbers], after: Sequence[Numbers]) -> _Shares:
    grown = [_grown(*pair) for pair in zip(before, after, strict=False)]
    queries = sum(_of(numbers, "queries_") for numbers in grown)
    return _Shares(
        queries,
        sum(_of(numbers, "blocked_") - _of(numbers, "blocked_by_") for numbers in grown) / max(queries, 1),
        sum(numbers.get("servfail", 0) for numbers in grown) / max(queries, 1),
        sum(numbers.get("faults", 0) for numbers in grown) / max(len(grown), 1),
    )


def _grown(before: Numbers, after: Numbers) -> dict[str, int]:
    """What came since; a worker that was started again counts from zero."""
    restarted = before.get("started") != after.get("started")
    return {name: value - (0 if restarted else before.get(name, 0)) for name, value in after.items()}


def _of(numbers: Numbers, start: str) -> int:
    return sum(value for name, value in numbers.items() if name.startswith(start))


def _worse(tried: _Shares, others: _Shares) -> str:
    """Why the numbers of the first worker are too bad; empty if they are not."""
    if tried.blocked > _FACTOR * others.blocked + _BLOCKED:
        return f"the first worker blocked {tried.blocked:.0%} of its queries, the others {others.blocked:.0%}"
    if tried.failed > _FACTOR * others.failed + _FAILED:
        return f"the first worker failed to answer {tried.failed:.0%} of its queries, the others {others.failed:.0%}"
    if tried.faults >= _FAULTS and tried.faults > _FACTOR * others.faults:
        return f"the first worker had {tried.faults:.0f} faults, the others {others.faults:.0f} each"
    return ""
