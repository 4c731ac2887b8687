"""The API over HTTP: health, errors of one shape, headers, what is not recorded."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from structlog.testing import capture_logs

from admin.api.app import HEADERS
from admin.api.appliance import Condition, ConfigCondition, ReloadResult
from admin.services.process_state import ProcessState, SupervisorState, file_of, write_state
from resolver.runtime.counters import CounterPage


async def test_healthz(client: Any) -> None:
    response = await client.get("/healthz")
    assert (response.status, await response.text()) == (200, "ok\n")
    assert (await client.head("/healthz")).status == 200


async def test_readyz_says_what_is_missing(appliance: Any, client: Any, now: float) -> None:
    appliance.state = Condition(ConfigCondition(loaded=now), generation=3, processes=("gateway",))
    response = await client.get("/readyz")
    detail = await response.json()
    assert response.status == 503
    assert detail["ready"] is False
    assert detail["problems"] == [
        "gateway is not running: `weir serve` or its unit says why on standard error"
    ]
    assert detail["processes"] == [{"name": "gateway", "alive": False, "generation": None, "restarts": 0}]


async def test_readyz_when_all_serve(appliance: Any, client: Any, now: float) -> None:
    appliance.state = Condition(ConfigCondition(loaded=now), generation=3, processes=("gateway",))
    run = appliance.place.run
    page = CounterPage(run / "gateway.counters", ("generation",))
    page.set(0, 3)
    me = os.getpid()
    gateway = ProcessState("gateway", "ready", me, 1)
    write_state(file_of(run, "gateway"), SupervisorState(me, (gateway,)))
    response = await client.get("/readyz")
    assert response.status == 200
    assert (await response.json())["generation"] == 3
    words = "192.0.2.80:80 (TCP) is in use by another program: stop it or change gateway.listen"
    write_state(file_of(run, "gateway"), SupervisorState(me, (gateway,), (words,)))
    response = await client.get("/readyz")
    assert response.status == 503
    assert (await response.json())["problems"] == [words]


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"[", b'{"a": 1}'])
async def test_readyz_survives_damaged_files(appliance: Any, client: Any, now: float, damage: bytes) -> None:
    appliance.state = Condition(ConfigCondition(loaded=now), generation=3, processes=("gateway",))
    for name in ("gateway.counters", "children-all.json"):
        (appliance.place.run / name).write_bytes(damage)
    assert (await client.get("/readyz")).status == 503
    assert (await client.get("/metrics")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        (
            "GET",
            "/nowhere",
            404,
            "There is nothing at this address; /api/v1/openapi.json lists what there is",
        ),
        (
            "GET",
            "/api/v1/checks",
            404,
            "There is nothing at this address; /api/v1/openapi.json lists what there is",
        ),
        ("POST", "/healthz", 405, "Allowed here: GET,HEAD"),
        ("GET", "/api/v1/reload", 405, "Allowed here: POST"),
        ("DELETE", "/metrics", 405, "Allowed here: GET,HEAD"),
    ],
)
async def test_errors_are_problem_details(
    client: Any, method: str, path: str, status: int, detail: str
) -> None:
    response = await client.request(method, path)
    problem = json.loads(await response.text())
    assert response.status == status
    assert response.content_type == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["detail"] == detail
    assert status != 405 or response.headers["Allow"] in detail


async def test_other_hosts_are_refused(client: Any) -> None:
    response = await client.get("/api/v1/openapi.json", headers={"Host": "attacker.example"})
    assert response.status == 403
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/metrics", "/api/v1/check"])
async def test_security_headers(client: Any, path: str) -> None:
    headers = (await client.get(path)).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "Set-Cookie" not in headers


async def test_reload(appliance: Any, local: Any) -> None:
    response = await local.post("/api/v1/reload")
    assert (response.status, await response.json()) == (200, {"generation": 7})
    appliance.result = ReloadResult(
        accepted=False, generation=7, problems=("weir.yaml:3: workers: …", "second")
    )
    response = await local.post("/api/v1/reload")
    assert response.status == 422
    assert (await response.json())["problems"] == ["weir.yaml:3: workers: …", "second"]
    assert appliance.reloads == 2


async def test_a_page_of_another_site_cannot_reload(appliance: Any, local: Any) -> None:
    assert (await local.post("/api/v1/reload", headers={"Origin": "http://attacker.example"})).status == 403
    assert appliance.reloads == 0


async def test_a_fault_tells_the_client_nothing_and_the_log_no_name(appliance: Any, client: Any) -> None:
    async def fail() -> None:
        raise RuntimeError("private.example")

    appliance.view = fail
    with capture_logs() as logs:
        response = await client.get("/api/v1/check?name=private.example")
    assert response.status == 500
    assert "private.example" not in await response.text()
    assert logs[0]["error"] == "RuntimeError"
    assert "private.example" not in str(logs)


async def test_requests_are_counted_by_resource_and_status(client: Any, local: Any) -> None:
    for path in ("/api/v1/subscribers/home-17", "/api/v1/subscribers/nobody", "/api/v1/nowhere", "/healthz"):
        await local.get(path)
    await local.get("/api/v1/lists", headers={"Authorization": "Bearer wrong"})
    text = await (await local.get("/metrics")).text()
    assert 'weir_api_requests_total{resource="subscribers",status="200"} 1.0' in text
    assert 'weir_api_requests_total{resource="subscribers",status="404"} 1.0' in text
    assert 'weir_api_requests_total{resource="other",status="404"} 1.0' in text
    assert 'weir_api_requests_total{resource="healthz",status="200"} 1.0' in text
    assert "home-17" not in text
