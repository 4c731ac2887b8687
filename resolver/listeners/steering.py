"""Which CPU a worker's serving thread stays on. Queries are not steered to CPUs: the kernel spreads them by a hash.

Measured on loopback with a sender on one CPU, 200 flows, two sockets: by hash 95 and 105, with SO_INCOMING_CPU 0 and
200. There, on veth and on cards with one queue, all queries arrive on few CPUs, and steering would leave workers without
any. It pays where a card has a queue for each CPU; nothing here can tell, so nothing here does it.
"""

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
