"""The self-test of a running appliance: it says that lists are enforced, and notices at once when one is not."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

LISTS: dict[str, dict[str, Any]] = {
    "bets": {"kind": "category", "categories": ["gambling"]},
    "watch": {"kind": "illegal", "confidentiality": "secret", "legal_basis": "voluntary"},
    "order": {"kind": "illegal", "legal_basis": "court"},
    "malware": {"kind": "security"},
}


def _configured(made: dict[str, Any]) -> dict[str, Any]:
    """A list of each kind, each with a canary; the default profile blocks no category."""
    url = made["lists"][0]["url"]
    made["lists"] = [
        {"id": name, "url": url, "format": "domains", "canary": f"canary-{name}.isp.example", **more}
        for name, more in LISTS.items()
    ]
    made["default_profile"] = "open"
    made["telemetry"] = {"selftest": "10s"}
    return made


@pytest.fixture(scope="module")
def box(make_shared_appliance: Callable[..., Any], shared_small_config: Callable[..., dict[str, Any]]) -> Any:
    """Each test leaves it as it was."""
    appliance = make_shared_appliance(_configured(shared_small_config(["127.0.0.1:9"], workers=2)))
    appliance.start()
    return appliance


def _events(box: Any, list_id: str) -> list[dict[str, Any]]:
    """The audit events of a list's self-test, as root on this box sees them."""
    headers = {
        "Authorization": f"Bearer {(box.data / 'run' / 'local-token').read_text().strip()}",
        "Weir-User": "root",
    }
    url = f"http://127.0.0.1:{box.admin}/api/v1/audit?kind=list.selftest&subject={list_id}"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=150) as answer:
        items: list[dict[str, Any]] = json.load(answer)["items"]
    return items


def _states(box: Any) -> dict[str, str]:
    """The state of each list's self-test, by the metrics."""
    _, text = box.api("/metrics")
    found = {}
    for line in text.splitlines():
        if line.startswith("weir_selftest_state") and line.endswith(" 1.0"):
            found[line.partition('list="')[2].partition('"')[0]] = line.partition('weir_selftest_state="')[
                2
            ].partition('"')[0]
    return found


def test_every_kind_of_list_passes(box: Any) -> None:
    done = box.weir("lists", "selftest")
    rows = [line.split()[:4] for line in done.stdout.splitlines()[1:]]
    assert done.returncode == 0, done.stdout + done.stderr + box.output
    assert {(row[0], row[1]) for row in rows} == {
        (name, way) for name in LISTS for way in ("udp", "tcp", "http")
    }
    assert {row[3] for row in rows} == {"good"}
    # Nobody else is touched: the category's canary is open to whom the default profile does not keep from it.
    assert box.dig("canary-bets.isp.example").status == "SERVFAIL"
    assert box.dig("canary-watch.isp.example").answers == ["A 192.0.2.80"]
    certificate = json.loads(box.weir("lists", "certify", "watch").stdout)
    assert {item["transport"] for item in certificate["tested"]} == {"udp", "tcp", "http"}
    assert certificate["outages"] == []
    assert certificate["entries"] == {"dns": None, "url-filter": None, "not-enforceable": None}
    page = box.weir("lists", "certify", "watch", "--format", "html", "--language", "de")
    assert page.returncode == 0, page.stderr[-3000:]
    assert "Selbstauskunft" in page.stdout


def test_an_edit_that_takes_the_canary_away_is_noticed(box: Any) -> None:
    assert box.weir("lists", "edit", "bets", "--remove", "canary-bets.isp.example").returncode == 0
    done = box.weir("lists", "selftest", "bets", "malware")
    assert done.returncode == 1
    assert "not enforced" in done.stdout
    assert "list bets fails its self-test" in box.api("/readyz")[1]
    assert _events(box, "bets")[-1]["detail"]["state"] == "failing"
    assert box.weir("lists", "edit", "bets", "--take-back", "canary-bets.isp.example").returncode == 0
    assert box.weir("lists", "selftest", "bets").returncode == 0


def test_workers_that_hang_are_noticed_within_one_interval(box: Any) -> None:
    box.eventually(lambda: set(_states(box).values()) == {"working"}, "the first round")
    workers = box.children("resolver.worker")
    assert workers
    try:
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        box.eventually(lambda: "failing" in _states(box).values(), "the alarm", seconds=25)
    finally:
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):  # the supervisor may have replaced it
                os.kill(worker, signal.SIGCONT)
    box.eventually(lambda: set(_states(box).values()) == {"working"}, "the recovery", seconds=25)
