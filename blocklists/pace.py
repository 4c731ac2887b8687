"""How often a list is looked for, and when a copy of a zone expires. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from blocklists.model import ListSource, Timers

SHORTEST = 60.0
"""Seconds between two looks, whatever a zone asks for: one that says 1 must not keep everybody busy."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds."""

    refresh: float
    """Between two looks for a newer version."""
    retry: float
    """The longest wait after a look that failed."""
    expire: float | None
    """From which age on a copy counts no more; None = its source does not say."""


def pace_of(source: ListSource, timers: Timers | None) -> Pace:
    """The shorter of what the list and the zone ask for (RFC 1034 section 4.3.5).

    A zone cannot expire before it should have been looked for twice: some state an expiry below their refresh.
    """
    if timers is None:
        return Pace(source.refresh, source.refresh, None)
    refresh = min(source.refresh, max(SHORTEST, timers.refresh))
    retry = min(refresh, max(SHORTEST, timers.retry))
    return Pace(refresh, retry, max(float(timers.expire), 2 * refresh))
