"""/api/v1/tokens and /api/v1/audit: made once, shown without their text, revoked at once; and who did what."""

from __future__ import annotations

from typing import Any

import pytest

from admin.services.actors import Role

PATH = "/api/v1/tokens"


async def test_a_life(local: Any, client: Any) -> None:
    made = await local.post(PATH, json={"role": "operator", "holder": "Anna"})
    assert made.status == 201
    issued = await made.json()
    assert made.headers["Location"] == f"{PATH}/{issued['id']}"
    headers = {"Authorization": f"Bearer {issued['token']}"}
    shown = await client.get(f"{PATH}/{issued['id']}", headers=headers)
    assert shown.status == 200
    for path in (f"{PATH}/{issued['id']}", PATH, "/api/v1/audit"):
        assert issued["token"] not in await (await local.get(path)).text()
    for _ in range(2):
        assert (await local.delete(f"{PATH}/{issued['id']}")).status == 204
    assert (await client.get(PATH, headers=headers)).status == 401
    assert (await (await local.get(f"{PATH}/{issued['id']}")).json())["revoked"] == 1_800_000_000.0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"holder": "Anna"}, "/role"),
        ({"role": "king", "holder": "Anna"}, "/role"),
        ({"role": "auditor"}, "/holder"),
        ({"role": "auditor", "holder": ""}, "/holder"),
        ({"role": "auditor", "holder": "a\0"}, "/holder"),
        ({"role": "auditor", "holder": "a" * 101}, "/holder"),
        ({"role": "auditor", "holder": "Anna", "scopes": []}, "/scopes"),
        ({"role": "auditor", "holder": "Anna", "scopes": ["tokens:write"]}, "/scopes"),
        ({"role": "auditor", "holder": "Anna", "scopes": ["nonsense"]}, "/scopes/0"),
        ({"role": "auditor", "holder": "Anna", "expires": 1}, "/expires"),
        ({"role": "auditor", "holder": "Anna", "expires": 1e300}, "/expires"),
        ({"role": "auditor", "holder": "Anna", "expires": "never"}, "/expires"),
        ({"role": "auditor", "holder": "Anna", "id": "x"}, "/id"),
    ],
)
async def test_wrong_wishes(local: Any, body: dict[str, Any], pointer: str) -> None:
    answer = await local.post(PATH, json=body)
    assert answer.status == 422
    assert pointer in [error["pointer"] for error in (await answer.json())["errors"]]


async def test_a_token_cannot_play_two_persons(client: Any, make_token: Any) -> None:
    headers = {"Authorization": f"Bearer {await make_token(Role.OPERATOR)}"}
    body = {"role": "list-manager", "holder": "Ben"}
    assert (await client.post(PATH, json=body, headers=headers)).status == 403
    fewer = body | {"scopes": ["lists:write"]}
    assert (await client.post(PATH, json=fewer, headers=headers)).status == 201


async def test_an_expired_token_is_none(client: Any, make_token: Any, appliance: Any) -> None:
    token = await make_token(Role.AUDITOR, expires=1_800_000_001.0)
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/api/v1/audit", headers=headers)).status == 200
    appliance.now = lambda: 1_800_000_001.0
    assert (await client.get("/api/v1/audit", headers=headers)).status == 401


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("", ["p0", "p1", "p2"]),
        ("kind=profile", ["p0", "p1", "p2"]),
        ("kind=profile.changed&subject=p1", ["p1"]),
        ("kind=list", []),
        ("actor=root", ["p0", "p1", "p2"]),
        ("actor=local:root", ["p0", "p1", "p2"]),
        ("actor=somebody", []),
        ("since=1800000000", ["p0", "p1", "p2"]),
        ("since=1800000001", []),
        ("until=1800000000", []),
        ("since=2027-01-15T08:00:00Z&until=2027-01-15T08:00:01+00:00", ["p0", "p1", "p2"]),
        ("limit=2", ["p0", "p1"]),
        ("limit=2&cursor=2", ["p2"]),
    ],
)
async def test_events_are_filtered(local: Any, query: str, subjects: list[str]) -> None:
    for number in range(3):
        await local.put(f"/api/v1/profiles/p{number}", json={})
    page = await (await local.get(f"/api/v1/audit?{query}")).json()
    assert [event["subject"] for event in page["items"]] == subjects
    if query == "limit=2":
        rest = await (await local.get(page["next"])).json()
        assert [event["subject"] for event in rest["items"]] == ["p2"]


@pytest.mark.parametrize(
    "query",
    [
        "cursor=a",
        "cursor=-1",
        f"cursor={'9' * 19}",
        "since=tomorrow",
        "since=",
        "kind=%00",
        f"kind={'a' * 201}",
        "x=1",
    ],
)
async def test_wrong_questions_about_events(local: Any, query: str) -> None:
    assert (await local.get(f"/api/v1/audit?{query}")).status == 400
