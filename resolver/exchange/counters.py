"""The names of all events that the exchange counts; whoever counts them needs no other list."""

from __future__ import annotations

from collections.abc import Callable

Count = Callable[[str], None]
"""Counts one event by name; the name is one of COUNTERS."""

COUNTERS: tuple[str, ...] = (
    "cache_hits",
    "cache_misses",
    "cache_evictions",
    "coalesced",
    "prefetches",
    "stale_answers",
    "failures_remembered",
    "failures_unreachable",
    "failures_network",
    "overload",
    "upstream_queries",
    "upstream_tcp",
    "upstream_timeouts",
    "upstream_errors",
    "upstream_unreachable",
    "upstream_probes",
    "discarded_address",
    "discarded_id",
    "discarded_question",
    "discarded_case",
    "discarded_malformed",
)
"""``failures_*`` and ``stale_answers`` count clients' questions, ``upstream_*`` single tries, ``discarded_*`` messages;
``failures_remembered`` counts questions that were answered from the memory of a failure without asking anybody."""
