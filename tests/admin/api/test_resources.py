"""Lists, categories, profiles and subscribers over HTTP: the whole life of each, and what two writers do to each other."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any
from unittest.mock import Mock
from urllib.parse import unquote

import pytest

PATCH = {"Content-Type": "application/merge-patch+json"}
BODIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "lists": (
        {
            "id": "ads",
            "url": "https://a.example/l",
            "format": "domains",
            "kind": "category",
            "categories": ["ads"],
        },
        {"title": "Ads"},
    ),
    "categories": ({"id": "homework", "title": "Home work"}, {"title": "Homework"}),
    "profiles": ({"id": "kids", "block": ["gambling"]}, {"paused": True}),
    "subscribers": ({"id": "home-18", "profile": "strict", "addresses": ["192.0.2.18/32"]}, {"paused": True}),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_life(local: Any, appliance: Any, name: str) -> None:
    body, patch = BODIES[name]
    collection, path = f"/api/v1/{name}", f"/api/v1/{name}/{body['id']}"
    made = await local.post(collection, json=body)
    assert (made.status, made.headers["Location"]) == (201, path)
    shown = await made.json()
    assert shown["declared_in"] == "database"
    assert {key: shown[key] for key in body} == body
    assert (await local.post(collection, json=body)).status == 409

    read = await local.get(path)
    first = read.headers["ETag"]
    assert await read.json() == shown
    assert (await local.get(path, headers={"If-None-Match": first})).status == 304

    changed = await local.patch(path, data=json.dumps(patch), headers=PATCH | {"If-Match": first})
    second = changed.headers["ETag"]
    assert (changed.status, second != first) == (200, True)
    assert (await changed.json()).items() >= patch.items()

    back = await local.put(path, json=await changed.json() | body, headers={"If-Match": second})
    assert back.status == 200
    gone = await local.delete(path, headers={"If-Match": back.headers["ETag"]})
    assert (gone.status, await gone.text()) == (204, "")
    assert (await local.get(path)).status == 404
    assert appliance.changes == 4


@pytest.mark.parametrize("name", BODIES)
async def test_nobody_overwrites_what_they_have_not_seen(local: Any, appliance: Any, name: str) -> None:
    body, patch = BODIES[name]
    path = f"/api/v1/{name}/{body['id']}"
    made = await local.put(path, json=body)
    assert (made.status, made.headers["Location"]) == (201, path)
    stale = made.headers["ETag"]
    assert (await local.patch(path, json=patch, headers={"If-Match": stale})).status == 200
    for headers, status in (({}, 428), ({"If-Match": stale}, 412), ({"If-Match": '"x"'}, 412)):
        assert (await local.put(path, json=body, headers=headers)).status == status
        assert (await local.patch(path, json=patch, headers=headers)).status == status
        assert (await local.delete(path, headers=headers)).status == status
    assert (await local.delete(path, headers={"If-Match": "*"})).status == 204
    assert (await local.delete(path, headers={"If-Match": "*"})).status == 404
    appliance.now = lambda: 1_800_000_001.0
    again = await local.put(path, json=body)
    assert (again.status, again.headers["ETag"] == stale) == (201, False), "a tag never comes back"
    assert (await local.put("/api/v1/profiles/new", json={}, headers={"If-Match": "*"})).status == 412


async def test_of_two_writers_one_is_told(local: Any) -> None:
    path = "/api/v1/profiles/kids"
    tag = (await local.put(path, json={"block": []})).headers["ETag"]
    answers = await asyncio.gather(
        *(local.patch(path, json={"title": str(n)}, headers={"If-Match": tag}) for n in range(8))
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7


@pytest.mark.parametrize(
    "path", ["/api/v1/lists/bets", "/api/v1/profiles/strict", "/api/v1/subscribers/home-17"]
)
async def test_what_the_file_declares_is_read_only(local: Any, appliance: Any, path: str) -> None:
    answer = await local.get(path)
    shown = await answer.json()
    assert shown["declared_in"] == "file"
    headers = {"If-Match": answer.headers["ETag"]}
    for attempt in (
        local.put(path, json=shown, headers=headers),
        local.patch(path, json={}, headers=headers),
        local.delete(path, headers=headers),
    ):
        refused = await attempt
        assert refused.status == 409
        assert "declared in" in (await refused.json())["detail"]
    assert appliance.changes == 0


@pytest.mark.parametrize(
    ("collection", "body", "pointer"),
    [
        ("profiles", {"id": "a", "block": ["nonsense"]}, "/block/0"),
        ("profiles", {"id": "a", "allow": ["http://x/"]}, "/allow/0"),
        ("profiles", {"id": "a", "colour": 1}, "/colour"),
        ("profiles", {}, "/id"),
        ("profiles", {"id": 7}, "/id"),
        ("profiles", {"id": "ä"}, "/id"),
        ("subscribers", {"id": "a", "profile": "none", "addresses": ["10.0.0.1"]}, "/profile"),
        ("subscribers", {"id": "a", "profile": "strict", "addresses": []}, "/addresses"),
        ("subscribers", {"id": "a", "profile": "strict", "addresses": ["127.0.0.17"]}, "/addresses/0"),
        ("subscribers", {"id": "a\0", "profile": "strict", "addresses": ["10.0.0.1"]}, "/id"),
        ("categories", {"id": "a", "title": ""}, "/title"),
        ("categories", {"id": "a", "title": "a\0b"}, "/title"),
        ("lists", {"id": "a", "format": "domains", "kind": "category", "categories": ["ads"]}, "/url"),
        ("lists", {"catalogue": "nonsense"}, "/catalogue"),
    ],
)
async def test_wrong_values_are_named(
    local: Any, appliance: Any, collection: str, body: dict[str, Any], pointer: str
) -> None:
    answer = await local.post(f"/api/v1/{collection}", json=body)
    problem = await answer.json()
    assert (answer.status, answer.content_type) == (422, "application/problem+json")
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert appliance.changes == 0


async def test_an_id_never_changes(local: Any) -> None:
    answer = await local.put("/api/v1/profiles/kids", json={"id": "other"})
    assert answer.status == 422
    assert (await answer.json())["errors"][0]["pointer"] == "/id"


@pytest.mark.parametrize("item_id", ["a b", "%00", "%C3%A4", "..%2F..", "a" * 64])
async def test_ids_that_nothing_can_have(local: Any, item_id: str) -> None:
    path = f"/api/v1/profiles/{item_id}"
    assert (await local.get(path)).status == 404
    assert (await local.put(path, json={})).status == 404
    assert (await local.delete(path, headers={"If-Match": "*"})).status == 404


async def test_pages_hold_everything_once(local: Any) -> None:
    for number in range(7):
        assert (await local.put(f"/api/v1/profiles/p{number}", json={})).status == 201
    path: str | None = "/api/v1/profiles?limit=3"
    seen: list[str] = []
    while path is not None:
        page = await (await local.get(path)).json()
        seen += [item["id"] for item in page["items"]]
        path = page["next"]
    assert seen == sorted({"strict", *(f"p{number}" for number in range(7))})


async def test_profiles_in_use_and_categories_that_are_named_stay(local: Any) -> None:
    await local.put("/api/v1/profiles/kids", json={})
    body = {"profile": "kids", "addresses": ["10.0.0.9"]}
    assert (await local.put("/api/v1/subscribers/home-9", json=body)).status == 201
    refused = await local.delete("/api/v1/profiles/kids", headers={"If-Match": "*"})
    assert refused.status == 409
    assert "home-9" in (await refused.json())["detail"]


async def test_a_list_shows_strangers_what_it_is_and_not_where_it_comes_from(client: Any, local: Any) -> None:
    known = await (await local.get("/api/v1/lists/bets")).json()
    assert known["url"] == "https://lists.example/bets"
    for path in ("/api/v1/lists/bets", "/api/v1/lists"):
        shown = await (await client.get(path)).json()
        item = shown if "id" in shown else shown["items"][0]
        assert set(item) == {
            "id", "title", "kind", "authority", "legal_basis", "confidentiality", "categories", "contact",
            "licence", "declared_in", "status",
        }  # fmt: skip


async def test_a_page_of_lists_asks_once_how_they_do(
    local: Any, appliance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look reads files of every list: one for each list of a page would be a square of them."""
    for number in range(5):
        await local.post("/api/v1/lists", json=BODIES["lists"][0] | {"id": f"ads-{number}"})
    looks = Mock(side_effect=appliance.condition)
    monkeypatch.setattr(appliance, "condition", looks)
    page = await (await local.get("/api/v1/lists")).json()
    assert len(page["items"]) == 6
    assert looks.call_count == 1


async def test_a_catalogue_entry_is_a_list(local: Any) -> None:
    made = await local.post("/api/v1/lists", json={"catalogue": "ut1-gambling"})
    assert (made.status, made.headers["Location"]) == (201, "/api/v1/lists/ut1-gambling")
    assert (await made.json())["kind"] == "category"


async def test_whoever_manages_lists_cannot_send_the_boxs_files_elsewhere(
    client: Any, make_token: Any
) -> None:
    from admin.services.actors import Role

    headers = {"Authorization": f"Bearer {await make_token(Role.LIST_MANAGER)}"}
    body = BODIES["lists"][0]
    for more in ({"url": "file:/etc/passwd"}, {"access": {"api_key": "/etc/weir/token"}}):
        assert (await client.post("/api/v1/lists", json=body | more, headers=headers)).status == 403
    assert (await client.post("/api/v1/lists", json=body, headers=headers)).status == 201


async def test_reasons_and_actors_are_in_the_events(local: Any, client: Any, make_token: Any) -> None:
    headers = {"Authorization": f"Bearer {await make_token()}", "Weir-Reason": "customer%20%C3%A4"}
    assert (await client.put("/api/v1/profiles/kids", json={}, headers=headers)).status == 201
    page = await (await local.get("/api/v1/audit?kind=profile")).json()
    (event,) = page["items"]
    assert (event["subject"], event["reason"], event["holder"]) == ("kids", "customer ä", "somebody")
    assert (event["before"], len(event["after"])) == ("", 64)
    for reason in ("a" * 501, "é"):
        refused = await local.put("/api/v1/profiles/b", json={}, headers={"Weir-Reason": reason})
        assert refused.status == 400


async def test_a_change_names_the_state_in_which_it_is_in_force(local: Any, appliance: Any) -> None:
    appliance.state = replace(appliance.state, generation=12)
    made = await local.put("/api/v1/profiles/kids", json={})
    assert made.headers["Weir-Generation"] == "12"
    assert "Weir-Waits" not in made.headers


async def test_a_change_that_waits_is_told_from_one_in_force(local: Any, appliance: Any) -> None:
    why = 'the log is stopped: "ä"\r\nX: 100% full'
    appliance.state, appliance.waits = replace(appliance.state, generation=12), why
    path = "/api/v1/profiles/kids"
    made = await local.post("/api/v1/profiles", json={"id": "kids"})
    assert (made.headers["Location"], (await made.json())["id"]) == (path, "kids")
    put = await local.put(path, json={"title": "K"}, headers={"If-Match": made.headers["ETag"]})
    new = await local.put("/api/v1/profiles/more", json={})
    patched = await local.patch(path, json={"title": "L"}, headers={"If-Match": put.headers["ETag"]})
    gone = await local.delete(path, headers={"If-Match": patched.headers["ETag"]})
    for answer in (made, put, new, patched, gone):
        assert answer.status == 202
        assert "Weir-Generation" not in answer.headers
        assert unquote(answer.headers["Weir-Waits"]) == why
    assert await gone.read() == b""
    token = await local.post("/api/v1/tokens", json={"role": "operator", "holder": "ada"})
    assert (token.status, "Weir-Waits" in token.headers) == (201, False)  # it is good already
