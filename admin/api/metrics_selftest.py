"""Metrics of the self-test: ``weir_selftest_*``. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, StateSetMetricFamily

from admin.api.appliance import Condition
from admin.services.probes import FAILING, State


def selftest_metrics(condition: Condition) -> Iterator[Metric]:
    """What the newest round found; nothing about lists without a canary."""
    state = StateSetMetricFamily("weir_selftest_state", "What the canary of the list shows", labels=["list"])
    at = GaugeMetricFamily(
        "weir_selftest_timestamp_seconds", "When the list's canary was asked for last", labels=["list"]
    )
    failed = GaugeMetricFamily(
        "weir_selftest_failed_probes",
        "Probes of the newest round that did not get the list's enforcement",
        labels=["list", "transport"],
    )
    for report in condition.selftests:
        state.add_metric([report.list_id], {name.value: name is report.state for name in State})
        at.add_metric([report.list_id], report.at)
        counts: Counter[str] = Counter()
        for probe in report.probes:
            if probe.transport:
                counts[probe.transport] += probe.outcome in FAILING
        for transport, number in counts.items():
            failed.add_metric([report.list_id, transport], number)
    yield from (state, at, failed)
    yield CounterMetricFamily(
        "weir_selftest_lost_probes", "Findings that could not be written down", condition.selftest_lost
    )
