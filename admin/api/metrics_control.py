"""Metrics of control itself: generation, snapshot, configuration, lists, processes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, StateSetMetricFamily

from admin.api.appliance import Condition, ListCondition
from admin.api.metrics_selftest import selftest_metrics
from admin.services.process_state import ProcessState
from blocklists.enforcement import Enforced
from blocklists.records import AgeLevel


def control_metrics(condition: Condition) -> Iterator[Metric]:
    """Everything that control knows of itself."""
    yield GaugeMetricFamily(
        "weir_generation", "Number of the published state in force", condition.generation or 0
    )
    if condition.published is not None:
        yield GaugeMetricFamily(
            "weir_published_timestamp_seconds", "When the state in force was published", condition.published
        )
    yield CounterMetricFamily(
        "weir_publish_failures",
        "States that could not be published (disk full, broken list)",
        condition.publish_failures,
    )
    if condition.snapshot_entries is not None:
        yield GaugeMetricFamily(
            "weir_snapshot_entries",
            "Names in the compiled lists, unless one is secret",
            condition.snapshot_entries,
        )
    if condition.snapshot_bytes is not None:
        yield GaugeMetricFamily(
            "weir_snapshot_bytes",
            "Size of the compiled lists, unless one is secret",
            condition.snapshot_bytes,
        )
    reloads = CounterMetricFamily(
        "weir_config_reloads", "Configurations read, by what became of them", labels=["result"]
    )
    reloads.add_metric(["accepted"], condition.config.accepted)
    reloads.add_metric(["rejected"], condition.config.rejected)
    yield reloads
    if condition.notices is not None:
        notices = CounterMetricFamily(
            "weir_notify_messages", "NOTIFY messages, by what became of them", labels=["result"]
        )
        for result, number in condition.notices.items():
            notices.add_metric([result], number)
        yield notices
    yield from _list_metrics(condition.lists)
    yield from selftest_metrics(condition)


_STATES = ("serving", "suspended", "dropped", "old", "pinned", "held", "failed", "missing")
"""From what matters most to what matters least, ``serving`` aside."""


def _state_of(item: ListCondition) -> str:
    if not item.loaded:
        return "missing"
    if item.suspension is not None:
        return "suspended"
    if item.enforced != Enforced.ALL:
        return "dropped"
    if item.age_level != AgeLevel.CURRENT:
        return "old"
    if item.pinned:
        return "pinned"
    return item.state if item.state in ("held", "failed") else "serving"


def _list_metrics(lists: tuple[ListCondition, ...]) -> Iterator[Metric]:
    loaded = GaugeMetricFamily("weir_list_loaded", "1 if a version of the list is enforced", labels=["list"])
    failing = GaugeMetricFamily(
        "weir_list_failing", "1 if the last attempt gave no usable version", labels=["list"]
    )
    entries = GaugeMetricFamily("weir_list_entries", "Entries of the version in force", labels=["list"])
    age = GaugeMetricFamily(
        "weir_list_age_seconds", "Time since the list was last known to be current", labels=["list"]
    )
    success = GaugeMetricFamily(
        "weir_list_last_success_timestamp_seconds",
        "When the list was last fetched or found unchanged",
        labels=["list"],
    )
    attempt = GaugeMetricFamily(
        "weir_list_last_attempt_timestamp_seconds", "When the list was last asked for", labels=["list"]
    )
    state = StateSetMetricFamily("weir_list_state", "What holds of the list", labels=["list"])
    for item in lists:
        state.add_metric([item.id], {name: name == _state_of(item) for name in _STATES})
        loaded.add_metric([item.id], float(item.loaded))
        failing.add_metric([item.id], float(item.state in ("failed", "held")))
        if item.entries is not None:
            entries.add_metric([item.id], item.entries)
        if item.age is not None:
            age.add_metric([item.id], item.age)
        if item.last_success is not None:
            success.add_metric([item.id], item.last_success)
        if item.last_attempt is not None:
            attempt.add_metric([item.id], item.last_attempt)
    yield from (state, loaded, failing, entries, age, success, attempt)


def process_metrics(processes: Iterable[ProcessState], listen_failures: int) -> Iterator[Metric]:
    """Which processes live, how often they had to be started again, and how many addresses they lack."""
    up = GaugeMetricFamily("weir_process_up", "1 if the process is ready and alive", labels=["process"])
    restarts = CounterMetricFamily(
        "weir_process_restarts", "Unplanned ends since the supervisor started", labels=["process"]
    )
    for process in processes:
        up.add_metric([process.name], float(process.alive))
        restarts.add_metric([process.name], process.restarts)
    yield from (up, restarts)
    yield GaugeMetricFamily(
        "weir_listen_failures", "Configured addresses that cannot be had now", listen_failures
    )
