"""Single entries over HTTP: what is asked reaches control, what is wrong is said with its status."""

from __future__ import annotations

from typing import Any

import pytest

from admin.api.appliance import Wish
from admin.services.actors import ActorKind
from blocklists.edits import MAX_EDITS, Change, Edit, EditError
from blocklists.model import Scope

PATH = "/api/v1/lists/bets/entries"
KEPT = (Edit(Change.ADD, "new.example", Scope.DOMAIN),)
SHOWN = [{"change": "add", "name": "new.example", "scope": "domain"}]


async def test_edits_are_shown(appliance: Any, local: Any) -> None:
    appliance.kept = KEPT
    answer = await local.get(PATH)
    assert (answer.status, await answer.json()) == (200, {"list": "bets", "edits": SHOWN})
    assert (await local.get("/api/v1/lists/nobody/entries")).status == 404


async def test_wishes_reach_control(appliance: Any, local: Any) -> None:
    appliance.kept = KEPT
    body = {
        "add": ["a.example", {"name": "b.example", "scope": "host"}],
        "remove": ["c.example"],
        "take_back": [{"name": "d.example"}],
    }
    answer = await local.post(PATH, json=body, headers={"Weir-Reason": "appeal%207"})
    assert answer.status == 200
    assert (appliance.act.actor.kind, appliance.act.reason) == (ActorKind.LOCAL, "appeal 7")
    assert await answer.json() == {
        "list": "bets",
        "in_force": 4,
        "compiling": False,
        "waits": "",
        "edits": SHOWN,
    }
    assert appliance.wishes == [
        Wish(Change.ADD, "a.example"),
        Wish(Change.ADD, "b.example", Scope.HOST),
        Wish(Change.REMOVE, "c.example"),
        Wish(Change.TAKE_BACK, "d.example"),
    ]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "no JSON"),
        (b"[]", 400, "must be a JSON object"),
        (b'{"ad": ["a.example"]}', 422, "ad"),
        (b'{"add": "a.example"}', 422, "add"),
        (b'{"add": [7]}', 422, "add"),
        (b'{"add": [{"name": "a.example", "scope": "url"}]}', 422, "add"),
        (b'{"add": [{"name": "a.example", "reach": "host"}]}', 422, "add"),
        (b'{"add": ["' + b"a" * 1025 + b'"]}', 422, "add"),
        (b"{}", 422, "1 to 1,000 entries"),
        (b'{"add": [' + b",".join([b'"a.example"'] * (MAX_EDITS + 1)) + b"]}", 422, "1 to 1,000 entries"),
        (b'{"add": ["' + b"a" * 600_000 + b'"]}', 413, "at most"),
    ],
)
async def test_a_wrong_body_is_a_problem(
    appliance: Any, local: Any, body: bytes, status: int, words: str
) -> None:
    answer = await local.post(PATH, data=body, headers={"Content-Type": "application/json"})
    problem = await answer.json()
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    assert words in problem["detail"] or words in problem["errors"][0]["pointer"]
    assert appliance.wishes == []


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (EditError("list bets: co.uk is a public suffix"), 422, "Nothing was changed: list bets: co.uk"),
        (OSError(28, "No space left on device"), 503, "No space left on device"),
    ],
)
async def test_a_refusal_is_a_problem(
    appliance: Any, local: Any, fault: Exception, status: int, words: str
) -> None:
    appliance.fault = fault
    answer = await local.post(PATH, json={"add": ["a.example"]})
    assert answer.status == status
    assert words in (await answer.json())["detail"]


async def test_the_guard_stands_before_edits(appliance: Any, local: Any, client: Any) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await local.post(PATH, json={"add": ["a.example"]}, headers=headers)).status == 403
    assert (await client.post(PATH, json={"add": ["a.example"]})).status == 401
    assert appliance.wishes == []
