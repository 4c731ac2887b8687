"""The counters of a worker: their names, and what becomes of the pages that they are kept in (``resolver.pages``).

A page has one writer. So a worker has one that its Python writes, and one for each core that it runs; a number is the
sum of all of them by name.
"""

from __future__ import annotations

from pathlib import Path

from resolver.core.native import STATS_NAMES, Stats
from resolver.exchange.counters import COUNTERS as EXCHANGE_COUNTERS
from resolver.pages import Page, page_path
from resolver.policy.reasons import REASONS
from resolver.runtime.counters import CounterPage

CORE_COUNTERS = (
    "queries_udp",
    "queries_tcp",
    "malformed",
    "refused",
    "servfail",
    "rewritten",
    "local_answers",
    "dropped",
    "tcp_only",
    "shed",
    "blocked_by_target",
    "blocked_by_address",
    *(f"blocked_{kind.value}" for kind in REASONS),
)

LISTENER_COUNTERS = ("faults", "udp_errors", "tcp_refused", "tcp_evicted")

CACHE_COUNTERS = ("cache_too_long", "cache_busy")
"""Answers that the shared cache could not keep: too long for a page, or another worker was writing in the page."""

SCAN_GAUGES = ("secret_scanning_clients", "secret_scanning_displaced")
"""Clients that walk through the secret lists today, and those that were pushed out for want of room (``scanning``)."""

PROOF_GAUGES = ("logged_state", "generations_refused")
"""The first 8 bytes of the state that the generation in force is proven to enforce (0: none), and how many generations were
not taken for want of a valid proof (``tables.proving``)."""

GAUGES = (
    "generation",
    "started",
    "pid",
    "tcp_connections",
    "cache_bytes",
    "cache_entries",
    "upstreams_down",
    *SCAN_GAUGES,
    *PROOF_GAUGES,
)
"""Values that go up and down; everything else only grows. ``started`` is Unix seconds."""

SHARED_GAUGES = ("cache_bytes", "cache_entries")
"""Gauges of the box: the workers share one cache, and each of them tells its size."""

WORKER_COUNTERS = (*GAUGES, *CORE_COUNTERS, *LISTENER_COUNTERS, *CACHE_COUNTERS, *EXCHANGE_COUNTERS)

LATENCY_BOUNDS: tuple[int | None, ...] = tuple(
    None if bound == "inf" else int(bound)
    for path, found, bound in (name.partition("_le_") for name in STATS_NAMES)
    if found and path == "latency_core"
)
"""Microseconds up to which each of a core's latency buckets goes; the last is open."""


class Counting:
    """Counts events and sets gauges by name on the worker's page."""

    def __init__(self, page: CounterPage) -> None:
        self._words = page.words
        self._slots = {name: page.slot(name) for name in WORKER_COUNTERS}

    def count(self, name: str) -> None:
        """One more of this event."""
        self._words[self._slots[name]] += 1

    def gauge(self, name: str, value: int) -> None:
        """The present value of a gauge."""
        self._words[self._slots[name]] = value


def open_core_page(run: Path, slot: int, page: Page = Page.CORE) -> Stats:
    """A new page for a core. Where the disk gives no file the core counts in memory that nobody reads."""
    return Stats(CounterPage(page_path(run, slot, page), STATS_NAMES).words)


def forget_core_pages(run: Path, slot: int) -> None:
    """Remove what an earlier process of this slot left, or its numbers would be added for ever to one without a core."""
    for page in (Page.CORE, Page.CORE_TCP):
        page_path(run, slot, page).unlink(missing_ok=True)
