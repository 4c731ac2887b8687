"""The counters of a worker: their names, and the page that they are kept in."""

from __future__ import annotations

from resolver.exchange.counters import COUNTERS as EXCHANGE_COUNTERS
from resolver.policy.reasons import REASONS

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

GAUGES = ("generation", "started", "pid", "tcp_connections", "cache_bytes", "cache_entries", "upstreams_down")
"""Values that go up and down; everything else only grows. ``started`` is Unix seconds."""

WORKER_COUNTERS = (*GAUGES, *CORE_COUNTERS, *LISTENER_COUNTERS, *CACHE_COUNTERS, *EXCHANGE_COUNTERS)
