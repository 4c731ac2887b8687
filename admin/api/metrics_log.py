"""Metrics of the public log: ``weir_log_*``. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily

from admin.api.appliance import LogCondition


def log_metrics(log: LogCondition | None) -> Iterator[Metric]:
    """How large it is, whether it is stopped, and how long appends take; nothing where none is kept."""
    if log is None:
        return
    yield GaugeMetricFamily("weir_log_size", "Leaves of the public log", log.size)
    yield GaugeMetricFamily(
        "weir_log_problem", "1 while nothing can be added to the public log", float(bool(log.problem))
    )
    yield SummaryMetricFamily(
        "weir_log_append_seconds",
        "What it takes from the first byte of a batch to its published checkpoint",
        count_value=log.appends,
        sum_value=log.seconds,
    )
