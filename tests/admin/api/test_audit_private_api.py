"""Private parts, erasures and exports over the API: scopes, reasons, cursors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from admin.audit.events import Event, EventKind
from admin.services.actors import Actor, ActorKind, Role
from admin.store.log_tables import LogLeafRow, LogRow
from admin.store.tables import EventRow
from resolver.tlog.tree import EMPTY_ROOT

ORIGIN = "edge-1/weir/2026"
EVA = Actor(ActorKind.TOKEN, "eva", "Eva")


@pytest.fixture
async def logged(appliance: Any) -> Any:
    """Three events, of which the first has a leaf and the last is not looked at yet."""
    async with appliance.database.transaction() as transaction:
        for subject in ("bets", "chat", "late"):
            transaction.record(Event(EventKind.LIST_SYNCED, subject, reason="as asked"), EVA, 100.0)
        transaction.session.add(
            LogRow(
                origin=ORIGIN, series="edge-1/weir", number=1, size=1, root=EMPTY_ROOT, note=b"", time=0,
                state="", bound=None, events=2, closed=False,
            )
        )  # fmt: skip
        await transaction.session.flush()
        transaction.session.add(
            LogLeafRow(origin=ORIGIN, seq=0, leaf=b"{}", event=1, priv=b'{"a":1}', opening=bytes(32))
        )
    return appliance


async def kinds(appliance: Any) -> list[str]:
    async with appliance.database.reading() as transaction:
        return list(await transaction.session.scalars(select(EventRow.kind).order_by(EventRow.sequence)))


async def test_an_export_goes_on_where_it_ended(local: Any, logged: Any) -> None:
    seen, cursor = [], ""
    for _ in range(3):
        answer = await local.get(f"/api/v1/audit/export?limit=1&cursor={cursor}")
        assert (answer.status, answer.content_type) == (200, "application/x-ndjson")
        seen += [json.loads(line)["id"] for line in (await answer.text()).splitlines()]
        cursor = answer.headers["Weir-Cursor"]
    assert seen == [f"{ORIGIN}#0", "edge-1.isp.example/events#2"]
    assert cursor == "2"
    for since, expected in (("1970-01-01T00:01:40Z", 2), ("101", 0)):
        answer = await local.get(f"/api/v1/audit/export?since={since}")
        assert len((await answer.text()).splitlines()) == expected


@pytest.mark.parametrize(
    ("form", "media", "begin"),
    [
        (
            "syslog",
            "text/plain",
            "<110>1 1970-01-01T00:01:40.000000Z edge-1.isp.example weir - list.synced [tlog@",
        ),
        ("json", "application/x-ndjson", '{"actor_id":"eva"'),
        ("ocsf", "application/x-ndjson", '{"data":{"activity_id":3'),
    ],
)
async def test_the_forms_of_an_export(local: Any, logged: Any, form: str, media: str, begin: str) -> None:
    answer = await local.get(f"/api/v1/audit/export?format={form}")
    assert answer.content_type == media
    assert (await answer.text()).startswith(begin)


@pytest.mark.parametrize(
    "query", ["format=cef", "cursor=-1", "cursor=x", "limit=0", "since=now", "until=1", "cursor=" + "9" * 19]
)
async def test_what_no_export_is(local: Any, query: str) -> None:
    assert (await local.get(f"/api/v1/audit/export?{query}")).status == 400


async def test_the_view_tells_which_events_are_public(local: Any, logged: Any) -> None:
    for query, expected in (("", [0, None, None]), ("?public=true", [0]), ("?public=false", [None, None])):
        answer = await local.get(f"/api/v1/audit{query}")
        assert [item["index"] for item in (await answer.json())["items"]] == expected
    assert (await local.get("/api/v1/audit?public=yes")).status == 400


async def test_a_private_part_is_read_with_a_reason_and_told(
    client: Any, logged: Any, make_token: Any
) -> None:
    token = {"Authorization": f"Bearer {await make_token(Role.AUDITOR, 'Eva')}"}
    path = "/api/v1/audit/private/1"
    assert (await client.get(path, headers=token)).status == 422
    answer = await client.get(path, headers=token | {"Weir-Reason": "audit%203"})
    assert answer.status == 200
    (item,) = (await answer.json())["items"]
    assert (item["private"], item["opening"], item["erased"], item["index"]) == (
        '{"a":1}',
        "00" * 32,
        False,
        0,
    )
    assert (await kinds(logged))[-1] == "audit.opened"
    assert logged.changes > 0


@pytest.mark.parametrize("number", ["0", "2", "99", "x", "-1", "9" * 40, "١"])
async def test_what_has_no_private_part(local: Any, logged: Any, number: str) -> None:
    before = await kinds(logged)
    answer = await local.get(f"/api/v1/audit/private/{number}", headers={"Weir-Reason": "why"})
    assert answer.status == 404
    assert await kinds(logged) == before


@pytest.mark.parametrize("role", [Role.LIST_MANAGER, Role.INTEGRATION, None])
async def test_who_may_not(client: Any, logged: Any, make_token: Any, role: Role | None) -> None:
    headers = {"Weir-Reason": "why"}
    if role is not None:
        headers["Authorization"] = f"Bearer {await make_token(role, 'Somebody')}"
    status = 401 if role is None else 403
    assert (await client.get("/api/v1/audit/private/1", headers=headers)).status == status
    asked = {"holder": "Eva", "reason": "why"}
    assert (await client.post("/api/v1/audit/erasures", json=asked, headers=headers)).status == status


async def test_two_persons_erase(client: Any, logged: Any, make_token: Any) -> None:
    asked = {"event": 1, "reason": "asked for"}
    told = []
    for holder in ("Anna", "Anna", "Ben"):
        headers = {"Authorization": f"Bearer {await make_token(Role.OPERATOR, holder)}"}
        answer = await client.post("/api/v1/audit/erasures", json=asked, headers=headers)
        assert answer.status == 200
        told.append((await answer.json())["waits"])
    assert told == [True, True, False]
    assert (await kinds(logged))[-1] == "audit.erased"
    assert (logged.place.data_dir / "weir.db-wal").stat().st_size == 0


@pytest.mark.parametrize(
    "body",
    [{}, {"reason": "x"}, {"holder": 7, "reason": "x"}, {"event": 0, "reason": "x"}, {"holder": "a"}, []],
)
async def test_what_no_erasure_is(local: Any, logged: Any, body: Any) -> None:
    before = await kinds(logged)
    assert (await local.post("/api/v1/audit/erasures", json=body)).status in (400, 422)
    assert await kinds(logged) == before


@pytest.mark.parametrize("number", ["0", "-1", "x", "01", "0" * 18 + "1" * 30, "9" * 5_000])
async def test_what_is_no_number_of_an_event(local: Any, logged: Any, number: str) -> None:
    answer = await local.get(f"/api/v1/audit/private/{number}", headers={"Weir-Reason": "why"})
    assert answer.status == 404


@pytest.mark.parametrize(
    "body", [{"holder": "a\0b"}, {"subscriber": "\x1b[2J"}, {"holder": "Eva", "event": 1}]
)
async def test_whose_traces_nobody_can_have(local: Any, logged: Any, body: dict[str, Any]) -> None:
    answer = await local.post("/api/v1/audit/erasures", json={**body, "reason": "as asked"})
    assert answer.status == 422
