"""How long answers take, as histograms of Prometheus, from the buckets on the cores' counter pages. Pure.

``core`` is what a core answered by itself, measured for a batch from its receipt to the end of its sending;
``handed-over`` is what Python answered, misses above all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import HistogramMetricFamily, Metric

from resolver.counting import LATENCY_BOUNDS

LATENCY = "latency_"
"""What the names of all these words begin with."""

PATHS = ("core", "handed-over")
_PER_SECOND = 1_000_000
_SUM = "_sum_us"


def latency_metrics(pages: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """``pages`` by process name; those without such words (the gateway, a worker without a core) are left out."""
    timed = {name: page for name, page in pages.items() if LATENCY + "core" + _SUM in page}
    if not timed:
        return
    worker = _family("worker", "one worker", ["worker", "path"])
    total = _family("resolver", "all workers", ["path"])
    for path in PATHS:
        for name, page in timed.items():
            worker.add_metric([name.rpartition("-")[2], path], *_histogram([page], path))
        total.add_metric([path], *_histogram(list(timed.values()), path))
    yield from (worker, total)


def _family(room: str, words: str, labels: list[str]) -> HistogramMetricFamily:
    return HistogramMetricFamily(
        f"weir_{room}_latency_seconds", f"From query to answer over UDP, {words}", labels=labels
    )


def _histogram(pages: list[Mapping[str, int]], path: str) -> tuple[list[tuple[str, float]], float]:
    """Cumulative buckets and the sum in seconds. A page that is read while it is written may be off by an answer."""
    buckets: list[tuple[str, float]] = []
    count = 0
    for bound in LATENCY_BOUNDS:
        word = f"{LATENCY}{path}_le_{bound or 'inf'}"
        count += sum(page.get(word, 0) for page in pages)
        buckets.append(("+Inf" if bound is None else str(bound / _PER_SECOND), float(count)))
    microseconds = sum(page.get(f"{LATENCY}{path}{_SUM}", 0) for page in pages)
    return buckets, microseconds / _PER_SECOND
