"""Which CPU a worker's serving thread stays on."""

from __future__ import annotations

from collections.abc import Collection


def cpu_of(slot: int, workers: int, allowed: Collection[int], online: int) -> int | None:
    """The CPU for the serving thread of worker ``slot`` of ``workers``; None to leave it to the scheduler.

    One worker per CPU: each has its own, and its caches stay warm. Fewer workers than CPUs: the scheduler does better,
    because the event loops need a place too. A process that was restricted to some CPUs (``allowed`` of ``online``)
    was so by somebody who knows this machine.
    """
    if len(allowed) != online or workers != online:
        return None
    return sorted(allowed)[slot % online]
