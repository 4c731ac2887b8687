"""GET /api/v1/check over a generation that was really compiled."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from admin.api.checks import LONGEST
from admin.config import load
from admin.services.actors import Role
from admin.services.check import check
from admin.services.publish import compile_offline
from resolver.tables.view import View

LISTS = """\
lists: [{id: bets, url: "file:bets.txt", format: domains, kind: category, categories: [gambling]}]
subscribers: [{id: home-17, profile: open, addresses: ["127.0.0.17"]}]
"""


@pytest.fixture
def serving(appliance: Any, tmp_path: Path) -> None:
    (tmp_path / "bets.txt").write_text("bets.example\n")
    path = tmp_path / "weir.yaml"
    text = path.read_text().replace("strict: {", "open: {block: []}, strict: {").partition("lists:")[0]
    path.write_text(text + LISTS)
    appliance.config = load(path)
    assert compile_offline(appliance.config, appliance.place.state) == ()
    appliance.opened = View.open(appliance.place.state)


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name": "bets.example"}, {"action": "block", "profile": "strict", "ede": 17, "lists": ["bets"]}),
        ({"name": "www.bets.example", "address": "127.0.0.1"}, {"action": "block", "address": "127.0.0.1"}),
        ({"name": "bets.example", "subscriber": "home-17"}, {"action": "allow", "subscriber": "home-17"}),
        ({"name": "bets.example", "address": "203.0.113.9"}, {"action": "refuse", "ede": 18}),
        (
            {"name": "https://bets.example/a", "at": "1700000000"},
            {"name": "bets.example", "at": 1_700_000_000.0},
        ),
        (
            {"name": "a.example", "at": "2026-05-01T20:15:00+02:00"},
            {"action": "allow", "at": 1_777_659_300.0},
        ),
        ({"name": "a.example", "at": "2026-05-01T18:15"}, {"at": 1_777_659_300.0}),
    ],
)
async def test_verdicts(local: Any, query: dict[str, str], expected: dict[str, Any]) -> None:
    response = await local.get(f"/api/v1/check?{urlencode(query)}")
    report = await response.json()
    assert response.status == 200
    assert {key: report[key] for key in expected} == expected
    assert report["generation"] == 1


@pytest.mark.usefixtures("serving")
async def test_a_question_holds_up_nobody_else(local: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has an address is looked for among all subscribers, of whom there may be a hundred thousand."""
    threads: list[int] = []

    def decide(*asked: Any, **more: Any) -> Any:
        threads.append(threading.get_ident())
        return check(*asked, **more)

    monkeypatch.setattr("admin.api.checks.check", decide)
    assert (await local.get("/api/v1/check?name=bets.example&address=127.0.0.17")).status == 200
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.usefixtures("serving")
async def test_a_bare_plus_is_forgiven(client: Any) -> None:
    report = await (await client.get("/api/v1/check?name=a.example&at=2026-05-01T20:15:00+02:00")).json()
    assert report["at"] == 1_777_659_300.0


@pytest.mark.usefixtures("serving")
async def test_the_report_has_the_shape_that_is_described(client: Any) -> None:
    description = await (await client.get("/api/v1/openapi.json")).json()
    report = await (await client.get("/api/v1/check?name=bets.example")).json()
    schema = description["components"]["schemas"]["CheckReport"]
    assert set(report) == set(schema["required"])
    assert report["action"] in schema["properties"]["action"]["enum"]
    described = description["paths"]["/api/v1/check"]["get"]["parameters"]
    assert {parameter["name"] for parameter in described} == set(LONGEST)


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("role", [None, Role.LIST_MANAGER])
async def test_who_is_behind_an_address_is_for_those_who_may_read_subscribers(
    client: Any, make_token: Any, role: Role | None
) -> None:
    headers = {"Authorization": f"Bearer {await make_token(role)}"} if role else {}
    path = "/api/v1/check?name=bets.example"
    report = await (await client.get(f"{path}&address=127.0.0.17", headers=headers)).json()
    assert (report["action"], report["subscriber"], report["profile"]) == ("allow", "", "")
    assert (await client.get(f"{path}&subscriber=home-17", headers=headers)).status == (403 if role else 401)
    headers = {"Authorization": f"Bearer {await make_token(Role.INTEGRATION)}"}
    report = await (await client.get(f"{path}&address=127.0.0.17", headers=headers)).json()
    assert (report["subscriber"], report["profile"]) == ("home-17", "open")


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "name or url is missing"),
        ("address=127.0.0.1", "name or url is missing"),
        ("name=a.example&url=", "or both are given"),
        ("name=", "`` is"),
        ("name=a.example&name=b.example", "name is given twice"),
        ("name=a.example&colour=red", "there is no parameter 'colour'"),
        ("name=a.example&at=tomorrow", "at is no moment in time; write 2026-05-01T20:15:00+02:00"),
        ("name=a.example&at=nan", "at is no moment in time"),
        ("name=a.example&at=1e999", "at is no moment in time"),
        ("name=a.example&address=nowhere", "`nowhere` is not an IP address"),
        ("name=a.example&subscriber=nobody", "there is no subscriber `nobody`"),
        ("name=a.example&subscriber=home-17&address=127.0.0.1", "subscriber and address are both given"),
        (f"name={'a' * 3000}", "name is longer than 2048 characters"),
        ("name=%00%ff", ""),
    ],
)
async def test_wrong_questions(local: Any, query: str, detail: str) -> None:
    response = await local.get(f"/api/v1/check?{query}")
    problem = await response.json(content_type="application/problem+json")
    assert response.status == 400
    assert detail in problem["detail"]


async def test_without_a_published_state_it_cannot_tell(client: Any) -> None:
    response = await client.get("/api/v1/check?name=bets.example")
    assert response.status == 503
    assert "no generation has been published yet" in (await response.text())
