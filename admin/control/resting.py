"""How long control may rest: until a list is due, a suspension ends, or something that is watched is to be looked at."""

from __future__ import annotations

from admin.control.fetching import Fetching
from admin.control.lists import ListKeeper
from admin.control.publishing import Publisher
from admin.control.trials import LOOK
from admin.control.watches import Watches

PUBLISH_RETRY = 30.0
"""Seconds between attempts to publish what could not be published."""


def rest(keeper: ListKeeper, fetching: Fetching, publisher: Publisher, watches: Watches, now: float) -> float:
    """Seconds until one of them wants to be looked at; ``now`` is of the monotonic clock."""
    waits = [PUBLISH_RETRY]
    if (due := keeper.next_due(set(fetching.running))) is not None:
        waits.append(due - now)
    if (end := keeper.lives.next_end()) is not None:
        waits.append(end - now)
    if publisher.tried is not None:
        waits.append(LOOK)
    if (pace := watches.pace) is not None:
        waits.append(pace)
    return max(0.0, min(waits))
