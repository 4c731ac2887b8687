"""What Prometheus sees, from counter pages and conditions."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from admin.api.appliance import Condition, ConfigCondition, ListCondition
from admin.api.metrics_pages import key_of
from admin.services.processes import ProcessState, SupervisorState, file_of, write_state
from blocklists.model import Kind
from gateway.counting import NAMES as GATEWAY_COUNTERS
from resolver.counting import WORKER_COUNTERS
from resolver.runtime.counters import CounterPage


@pytest.fixture
def condition(now: float) -> Condition:
    return Condition(
        ConfigCondition(loaded=now, accepted=2, rejected=1),
        lists=(
            ListCondition("bets", Kind.CATEGORY, True, "accepted", 1_000, now - 60, now - 60),
            ListCondition("watch", Kind.ILLEGAL, True, "failed", None, now - 5, now - 600),
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
            ("cache_bytes", 64),
        ):
            page.set(page.slot(name), value)
    page = CounterPage(run / "gateway.counters", GATEWAY_COUNTERS)
    page.set(page.slot("pages_own_rule"), 5)
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
        ("weir_list_failing", {"list": "watch"}, 1),
        ("weir_list_loaded", {"list": "new"}, 0),
        ("weir_process_up", {"process": "gateway"}, 1),
        ("weir_listen_failures", {}, 2),
        ("weir_process_up", {"process": "resolver-0"}, 0),
        ("weir_process_restarts_total", {"process": "resolver-0"}, 3),
        ("weir_worker_queries_total", {"worker": "1", "transport": "udp"}, 11),
        ("weir_resolver_queries_total", {"transport": "udp"}, 21),
        ("weir_resolver_blocked_total", {"reason": "own-rule"}, 6),
        ("weir_resolver_cache_bytes", {}, 128),
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
    ],
)
def test_what_is_not_told(samples: Any, name: str, labels: dict[str, str]) -> None:
    assert (name, frozenset(labels.items())) not in samples


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
