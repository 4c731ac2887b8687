"""Metrics of log before enforce, from the counter pages of those who verify proofs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, Metric

REFUSED = "generations_refused"


def proof_metrics(pages: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """``pages`` by process name."""
    refused = CounterMetricFamily(
        "weir_generations_refused",
        "Published states that a process has not taken, because nothing proves that they are in the public log",
        labels=["process"],
    )
    for name, page in pages.items():
        refused.add_metric([name], page.get(REFUSED, 0))
    yield refused
