"""Metrics of the data plane, from the counter pages of its processes. Pure: pages in, metric families out.

A page knows names and numbers; what is a gauge and which parts of a name are better a label is said here. Workers are
shown one by one and as a sum; after a restart a worker's numbers begin at zero, as Prometheus expects of counters.

Voluntary illegal-content lists and security lists have one joint number: lists of the first kind are confidential, and
who sees what they alone have blocked, or when, has learnt something of them. Their answers are equal for that reason,
so their numbers must not be told apart either.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from admin.api.metrics_latency import LATENCY
from admin.services.serving import GATEWAY
from gateway.counting import GAUGES as GATEWAY_GAUGES
from gateway.counting import page_counter
from gateway.decision import Situation
from resolver.counting import GAUGES as WORKER_GAUGES
from resolver.counting import PROOF_GAUGES, SCAN_GAUGES, SHARED_GAUGES
from resolver.policy.model import ReasonKind

JOINT = "illegal-voluntary-or-security"
_JOINED = {
    f"blocked_{ReasonKind.ILLEGAL_VOLUNTARY.value}": f"blocked_{JOINT}",
    f"blocked_{ReasonKind.SECURITY.value}": f"blocked_{JOINT}",
    page_counter(Situation.ILLEGAL): page_counter(Situation.ILLEGAL) + "_or_security",
    page_counter(Situation.SECURITY): page_counter(Situation.ILLEGAL) + "_or_security",
}
"""Counters that are only told together, under the name behind them."""

_LABELLED: dict[str, tuple[str, frozenset[str]]] = {
    "queries": ("transport", frozenset({"udp", "tcp"})),
    "blocked": ("reason", frozenset({JOINT, *(kind.value for kind in ReasonKind)})),
    "pages": (
        "page",
        frozenset({"illegal_or_security", *(situation.replace("-", "_") for situation in Situation)}),
    ),
}
"""First word of a counter → the label that its rest becomes, and the values that it may have."""
_NO_SUM = frozenset({"generation", "started", "pid"})
"""Gauges of which a sum says nothing."""
_OF_ALL = frozenset(SHARED_GAUGES)
"""Gauges of what the workers share: told once, as the largest number that one of them gives."""
_GAUGES = frozenset(WORKER_GAUGES) | frozenset(GATEWAY_GAUGES)

_OF_OTHERS = frozenset(SCAN_GAUGES) | frozenset(PROOF_GAUGES)
"""Told by ``metrics_scanning`` and ``metrics_proofs``."""

Key = tuple[str, str, str]
"""Metric name without its prefix, label name, label value (both empty without a label)."""


def page_metrics(pages: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """``pages`` by process name; a process without a page is left out. Latencies are ``metrics_latency``'s,
    clients that walk through secret lists ``metrics_scanning``'s.
    """
    told = {name: _told(page) for name, page in pages.items()}
    gateway = told.pop(GATEWAY, {})
    yield from _per_worker(told)
    yield from _plain("resolver", _sum(told), "all workers")
    yield from _plain("gateway", gateway, "the gateway")


def _told(page: Mapping[str, int]) -> dict[str, int]:
    """What of a page may be told, and as what."""
    told: dict[str, int] = defaultdict(int)
    for counter, value in page.items():
        if not counter.startswith(LATENCY) and counter not in _OF_OTHERS:
            told[_JOINED.get(counter, counter)] += value
    return told


def key_of(counter: str) -> Key:
    """What a counter's name becomes: ``blocked_own-rule`` is ``blocked`` with the reason ``own-rule``."""
    first, _, rest = counter.partition("_")
    label, values = _LABELLED.get(first, ("", frozenset()))
    if rest in values:
        return first, label, rest
    return re.sub(r"[^a-zA-Z0-9_]", "_", counter), "", ""


def _sum(workers: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for page in workers.values():
        for counter, value in page.items():
            if counter in _OF_ALL:
                total[counter] = max(total[counter], value)
            elif counter not in _NO_SUM:
                total[counter] += value
    return total


def _family(room: str, name: str, words: str, labels: list[str], *, gauge: bool) -> Metric:
    kind = GaugeMetricFamily if gauge else CounterMetricFamily
    return kind(f"weir_{room}_{name}", f"{name.replace('_', ' ')} of {words}", labels=labels)


def _plain(room: str, page: Mapping[str, int], words: str) -> Iterator[Metric]:
    families: dict[str, Metric] = {}
    for counter, value in page.items():
        name, label, label_value = key_of(counter)
        labels = [label] if label else []
        family = families.setdefault(name, _family(room, name, words, labels, gauge=counter in _GAUGES))
        _add(family, [label_value] if label else [], value)
    yield from families.values()


def _per_worker(workers: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    families: dict[str, Metric] = {}
    for process, page in workers.items():
        slot = process.rpartition("-")[2]
        for counter, value in page.items():
            if counter in _OF_ALL:
                continue
            name, label, label_value = key_of(counter)
            labels = ["worker", label] if label else ["worker"]
            family = families.setdefault(
                name, _family("worker", name, "one worker", labels, gauge=counter in _GAUGES)
            )
            _add(family, [slot, label_value] if label else [slot], value)
    yield from families.values()


def _add(family: Metric, labels: list[str], value: int) -> None:
    if isinstance(family, GaugeMetricFamily | CounterMetricFamily):
        family.add_metric(labels, value)
