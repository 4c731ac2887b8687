"""POST /api/v1/lists/{id}/ask: recorded in the database before it is answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from admin.config import load
from admin.services.actors import Role
from admin.services.asking import MOST_AN_HOUR
from admin.services.publish import compile_offline
from resolver.tables.view import View

ASK = "/api/v1/lists/pages/ask"
PAGE = "http://pages.example/gallery/bad.html"


@pytest.fixture
def serving(appliance: Any, tmp_path: Path) -> None:
    (tmp_path / "pages.txt").write_text(f"{PAGE}\n")
    path = tmp_path / "weir.yaml"
    text = path.read_text().partition("lists:")[0]
    path.write_text(f'{text}lists: [{{id: pages, url: "file:pages.txt", format: urls, kind: illegal}}]\n')
    appliance.config = load(path)
    assert compile_offline(appliance.config, appliance.place.state) == ()
    appliance.opened = View.open(appliance.place.state)


@pytest.fixture
async def manager(client: Any, make_token: Any) -> dict[str, str]:
    """The header of somebody who may ask."""
    return {"Authorization": f"Bearer {await make_token(Role.LIST_MANAGER, 'anna')}"}


async def _asked(local: Any) -> list[dict[str, Any]]:
    events = await (await local.get("/api/v1/audit?kind=list.asked")).json()
    return list(events["items"])


@pytest.mark.usefixtures("serving")
async def test_yes_and_no(client: Any, local: Any, manager: dict[str, str]) -> None:
    for text, expected in ((PAGE, (True, "url-filter")), ("pages.example", (False, ""))):
        response = await client.post(ASK, json={"text": text, "reason": "appeal 7"}, headers=manager)
        answer = await response.json()
        assert (response.status, answer["list"]) == (200, "pages")
        assert (answer["listed"], answer["disposition"]) == expected
    events = await _asked(local)
    assert len(events) == 2
    assert {event["reason"] for event in events} == {"appeal 7"}
    assert "example" not in str(events)


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": PAGE}, 422),
        ({"text": PAGE, "reason": ""}, 422),
        ({"text": PAGE, "reason": "  "}, 422),
        ({"text": "a b", "reason": "why"}, 422),
        ({"text": PAGE, "reason": "why", "more": 1}, 422),
    ],
)
async def test_wrong_questions(
    body: dict[str, Any], status: int, client: Any, local: Any, manager: dict[str, str]
) -> None:
    response = await client.post(ASK, json=body, headers=manager)
    assert response.status == status
    assert "pages.example" not in await response.text()
    assert await _asked(local) == []


@pytest.mark.usefixtures("serving")
async def test_others_may_not_ask(client: Any, local: Any, make_token: Any) -> None:
    body = {"text": PAGE, "reason": "why"}
    assert (await local.post(ASK, json=body)).status == 403
    headers = {"Authorization": f"Bearer {await make_token(Role.OPERATOR)}"}
    assert (await client.post(ASK, json=body, headers=headers)).status == 403
    assert await _asked(local) == []


@pytest.mark.usefixtures("serving")
async def test_a_list_that_is_not_in_force(client: Any, manager: dict[str, str]) -> None:
    body = {"text": PAGE, "reason": "why"}
    assert (await client.post("/api/v1/lists/nosuch/ask", json=body, headers=manager)).status == 404


async def test_without_a_published_state(client: Any, manager: dict[str, str]) -> None:
    assert (await client.post(ASK, json={"text": PAGE, "reason": "why"}, headers=manager)).status == 503


@pytest.mark.usefixtures("serving")
async def test_asked_too_often(client: Any, local: Any, manager: dict[str, str]) -> None:
    body = {"text": PAGE, "reason": "why"}
    for _ in range(MOST_AN_HOUR):
        assert (await client.post(ASK, json=body, headers=manager)).status == 200
    response = await client.post(ASK, json=body, headers=manager)
    assert response.status == 429
    assert int(response.headers["Retry-After"]) > 3000
    assert len(await _asked(local)) == MOST_AN_HOUR
