"""The sample of queries in words: times, categories, and names cut to what tells nothing of a person. Pure but for files.

Rule 1: a name is cut to its public suffix and one label; one below no public suffix (a house's own ``lan``) is not shown.
Rule 2: a name that is seldom in the sample is not shown either: it may be somebody's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocklists.model import Bit, BitRole
from blocklists.suffixes import registered_part
from resolver.counting import LATENCY_BOUNDS
from resolver.sampling import Decided, SampledQuery, read_sample, sample_path

FLOOR = 3
"""Times that a name must be in the answer to be shown in it."""

_LABEL = re.compile(rb"[a-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class QueryView:
    """One sampled query. ``at`` is Unix seconds; ``within`` the microseconds in which it was answered, None = longer than
    any bound; ``category`` the id of the one that blocked it.
    """

    at: int
    transport: str
    qtype: int
    rcode: int | None
    decided: str
    category: str | None
    within: int | None
    name: str | None


def recent(run: Path, workers: int, since: float, bits: Sequence[Bit]) -> tuple[QueryView, ...]:
    """What the workers' samples in ``run`` hold since then (Unix seconds), oldest first. ``bits`` are those of the lists
    in force.
    """
    taken = [
        query
        for slot in range(workers)
        for query in read_sample(sample_path(run, slot))
        if query.second >= since
    ]
    taken.sort(key=lambda query: query.second)
    named = [_name(query.labels) for query in taken]
    often = {name for name, times in Counter(named).items() if times >= FLOOR}
    return tuple(
        _view(query, name if name in often else None, bits) for query, name in zip(taken, named, strict=True)
    )


def sampled_names(run: Path, workers: int, since: float) -> list[str]:
    """The names that ``recent`` would show, once for each time."""
    return [query.name for query in recent(run, workers, since, ()) if query.name is not None]


def _name(labels: Iterable[bytes]) -> str | None:
    parts = list(labels)
    if not parts or not all(_LABEL.fullmatch(part) for part in parts):
        return None
    return registered_part(b".".join(parts).decode("ascii"))


def _view(query: SampledQuery, name: str | None, bits: Sequence[Bit]) -> QueryView:
    return QueryView(
        at=query.second,
        transport="tcp" if query.over_tcp else "udp",
        qtype=query.qtype,
        rcode=query.rcode,
        decided=query.decided.name.lower().replace("_", "-"),
        category=_category(query, bits),
        within=LATENCY_BOUNDS[query.latency] if query.latency < len(LATENCY_BOUNDS) else None,
        name=name,
    )


def _category(query: SampledQuery, bits: Sequence[Bit]) -> str | None:
    """Of a blocked category only: whatever a file says, no list's bit is ever told."""
    if query.decided is not Decided.CATEGORY:
        return None
    return next((bit.id for bit in bits if bit.index == query.bit and bit.role is BitRole.CATEGORY), None)
