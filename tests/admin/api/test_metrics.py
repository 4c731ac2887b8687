"""What Prometheus sees, from counter pages and conditions."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from admin.api.appliance import Condition, ConfigCondition, ListCondition
from admin.api.metrics_pages import key_of
from admin.services.process_state import ProcessState, SupervisorState, file_of, write_state
from blocklists.model import Kind
from gateway.counting import NAMES as GATEWAY_COUNTERS
from resolver.core.native import STATS_NAMES
from resolver.counting import WORKER_COUNTERS
from resolver.pages import Page, page_path
from resolver.runtime.counters import CounterPage


@pytest.fixture
def condition(now: float) -> Condition:
    return Condition(
        ConfigCondition(loaded=now, accepted=2, rejected=1),
        lists=(
            ListCondition("bets", Kind.CATEGORY, True, "accepted", 1_000, now - 60, now - 60),
            ListCondition("watch", Kind.ILLEGAL, True, "failed", None, now - 5, now - 600, age=600.0),
            ListCondition("new", Kind.SECURITY, False, "never"),
        ),
        generation=4,
        published=now - 30,
        publish_failures=1,
        snapshot_entries=1_500,
        snapshot_bytes=30_000,
        processes=("resolver-0", "resolver-1", "gateway"),
    )


@pytest.fixture
async def samples(
    appliance: Any, client: Any, condition: Condition
) -> dict[tuple[str, frozenset[Any]], float]:
    appliance.state = condition
    run = appliance.place.run
    for slot in (0, 1):
        page = CounterPage(run / f"worker-{slot}.counters", WORKER_COUNTERS)
        for name, value in (
            ("queries_udp", 10 + slot),
            ("blocked_own-rule", 3),
            ("generation", 4),
            ("cache_bytes", 64 + slot),
            ("blocked_security", 100),
            ("blocked_illegal-voluntary", 10),
        ):
            page.set(page.slot(name), value)
    for kind, value in ((Page.CORE, 1_000), (Page.CORE_TCP, 5)):
        page = CounterPage(page_path(run, 1, kind), STATS_NAMES)
        for name in (
            *("queries_udp", "blocked_own-rule", "blocked_illegal-voluntary", "batches"),
            *("latency_core_le_5", "latency_core_le_20", "latency_core_le_inf", "latency_handed-over_le_500"),
        ):
            page.set(page.slot(name), value)
        page.set(page.slot("latency_core_sum_us"), value * 1_000_000)
    (run / "worker-0.core").write_bytes(b"torn")
    page = CounterPage(run / "gateway.counters", GATEWAY_COUNTERS)
    page.set(page.slot("pages_own_rule"), 5)
    page.set(page.slot("pages_illegal"), 2)
    page.set(page.slot("pages_security"), 40)
    states = (
        ProcessState("gateway", "ready", os.getpid(), 2),
        ProcessState("resolver-0", "waiting", None, 3),
    )
    write_state(file_of(run, "all"), SupervisorState(os.getpid(), states, ("one", "two")))
    response = await client.get("/metrics")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    text = await response.text()
    families = list(text_string_to_metric_families(text))
    assert all(family.name.startswith("weir_") for family in families)
    assert len({family.name for family in families}) == len(families)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("weir_generation", {}, 4),
        ("weir_publish_failures_total", {}, 1),
        ("weir_snapshot_entries", {}, 1_500),
        ("weir_snapshot_bytes", {}, 30_000),
        ("weir_config_reloads_total", {"result": "accepted"}, 2),
        ("weir_config_reloads_total", {"result": "rejected"}, 1),
        ("weir_list_entries", {"list": "bets"}, 1_000),
        ("weir_list_age_seconds", {"list": "watch"}, 600),
        ("weir_list_state", {"list": "watch", "weir_list_state": "failed"}, 1),
        ("weir_list_state", {"list": "bets", "weir_list_state": "serving"}, 1),
        ("weir_list_state", {"list": "bets", "weir_list_state": "suspended"}, 0),
        ("weir_list_state", {"list": "new", "weir_list_state": "missing"}, 1),
        ("weir_list_failing", {"list": "watch"}, 1),
        ("weir_list_loaded", {"list": "new"}, 0),
        ("weir_process_up", {"process": "gateway"}, 1),
        ("weir_listen_failures", {}, 2),
        ("weir_process_up", {"process": "resolver-0"}, 0),
        ("weir_process_restarts_total", {"process": "resolver-0"}, 3),
        ("weir_worker_queries_total", {"worker": "0", "transport": "udp"}, 10),
        ("weir_worker_queries_total", {"worker": "1", "transport": "udp"}, 1_016),
        ("weir_resolver_queries_total", {"transport": "udp"}, 1_026),
        ("weir_resolver_blocked_total", {"reason": "own-rule"}, 1_011),
        ("weir_resolver_blocked_total", {"reason": "illegal-voluntary-or-security"}, 1_225),
        ("weir_worker_blocked_total", {"reason": "illegal-voluntary-or-security", "worker": "1"}, 1_115),
        ("weir_gateway_pages_total", {"page": "illegal_or_security"}, 42),
        ("weir_resolver_batches_total", {}, 1_005),
        ("weir_resolver_cache_bytes", {}, 65),
        ("weir_resolver_latency_seconds_bucket", {"path": "core", "le": "5e-06"}, 1_005),
        ("weir_resolver_latency_seconds_bucket", {"path": "core", "le": "1e-05"}, 1_005),
        ("weir_resolver_latency_seconds_bucket", {"path": "core", "le": "2e-05"}, 2_010),
        ("weir_resolver_latency_seconds_bucket", {"path": "core", "le": "2.0"}, 2_010),
        ("weir_resolver_latency_seconds_bucket", {"path": "core", "le": "+Inf"}, 3_015),
        ("weir_resolver_latency_seconds_count", {"path": "core"}, 3_015),
        ("weir_resolver_latency_seconds_sum", {"path": "core"}, 1_005),
        ("weir_worker_latency_seconds_count", {"path": "handed-over", "worker": "1"}, 1_005),
        ("weir_worker_generation", {"worker": "0"}, 4),
        ("weir_gateway_pages_total", {"page": "own_rule"}, 5),
    ],
)
def test_sample(samples: Any, name: str, labels: dict[str, str], value: float) -> None:
    assert samples[name, frozenset(labels.items())] == value


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("weir_list_entries", {"list": "watch"}),  # secret
        ("weir_list_age_seconds", {"list": "new"}),  # never loaded
        ("weir_resolver_generation", {}),  # a sum of generations says nothing
        ("weir_resolver_pid", {}),
        ("weir_worker_cache_bytes", {"worker": "0"}),  # the cache is the box's
        ("weir_worker_latency_seconds_count", {"path": "core", "worker": "0"}),  # without a core
    ],
)
def test_what_is_not_told(samples: Any, name: str, labels: dict[str, str]) -> None:
    assert (name, frozenset(labels.items())) not in samples


def test_secret_lists_cannot_be_told_from_security_lists(samples: Any) -> None:
    """Nothing on /metrics counts what a list of the first kind has blocked by itself, or allows to subtract it."""
    reasons = {dict(labels).get("reason") or dict(labels).get("page") for _, labels in samples}
    assert "own-rule" in reasons
    assert not reasons & {"illegal-voluntary", "security", "illegal"}
    assert not [name for name, _ in samples if "illegal" in name or "security" in name]
    assert sum(value == 10 for (name, _), value in samples.items() if "blocked" in name) == 0


async def test_without_pages_and_lists(appliance: Any, client: Any, condition: Condition) -> None:
    appliance.state = replace(condition, lists=(), processes=("resolver-0",), generation=None, published=None)
    text = await (await client.get("/metrics")).text()
    assert "weir_generation 0.0" in text
    assert "weir_worker_" not in text


@pytest.mark.parametrize(
    ("counter", "key"),
    [
        ("queries_udp", ("queries", "transport", "udp")),
        ("blocked_illegal-order", ("blocked", "reason", "illegal-order")),
        ("blocked_by_target", ("blocked_by_target", "", "")),
        ("refused", ("refused", "", "")),
        ("odd-name.1", ("odd_name_1", "", "")),
    ],
)
def test_names(counter: str, key: tuple[str, str, str]) -> None:
    assert key_of(counter) == key
