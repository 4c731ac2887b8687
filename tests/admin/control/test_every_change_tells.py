"""Whatever can be changed leaves its event, and nothing else does: every route of the API, driven against a real control.

A new route, verb or kind of event must be entered here, or these tests fail.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import typer
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from admin.api.app import ROUTES, make_app
from admin.audit.events import EventKind
from admin.cli.app import build
from admin.control.probing import Finding
from admin.services.probes import Outcome
from admin.store.tables import EventRow

LOCAL = "a-local-token-of-thirty-two-letters"
WATCH = (
    '{id: watch, url: "https://other.example/watch", format: domains, kind: illegal, confidentiality: secret}'
)
BETS = (
    '{id: bets, url: "https://lists.example/bets", format: domains, kind: category, categories: [gambling], '
    "canary: canary.bets.test}"
)
CHAT = {"id": "chat", "url": "https://lists.example/chat", "format": "domains", "kind": "category"}
LISTS, SUBSCRIBERS = "/api/v1/lists", "/api/v1/subscribers"
NOTHING: tuple[EventKind, ...] = ()


def names(number: int) -> bytes:
    return b"".join(b"n%d.example\n" % n for n in range(number)) + b"canary.bets.test\n"


@dataclass
class Box:
    """A control with its API, and what its events were so far."""

    world: Any
    controller: Any
    client: TestClient[Any, Any]
    told: int = 0
    tokens: dict[str, str] = field(default_factory=dict)

    async def news(self) -> list[EventKind]:
        """The kinds of the events since the last time, once everything that was begun has ended."""
        for _ in range(2):
            while tasks := list(self.controller._fetching.running.values()):
                await tasks[0]
            await self.controller._step()
        async with self.controller.database.reading() as transaction:
            rows = list(
                await transaction.session.scalars(
                    select(EventRow).where(EventRow.sequence > self.told).order_by(EventRow.sequence)
                )
            )
        self.told += len(rows)
        for row in rows:
            assert row.actor_id, row.kind
            assert row.at > 0
        return [EventKind(row.kind) for row in rows]

    async def ask(self, method: str, path: str, body: Any = None, by: str = "") -> Any:
        token = self.tokens[by] if by else LOCAL
        headers = {"Authorization": f"Bearer {token}", "Weir-Reason": "as agreed"}
        headers |= {} if by else {"Weir-User": "root"}
        if method in ("PUT", "PATCH", "DELETE"):
            known = await self.client.get(path, headers=headers)
            headers["If-Match"] = known.headers.get("ETag", "*")
        response = await self.client.request(method, path, json=body, headers=headers)
        assert response.status < 300, (method, path, await response.text())
        return await response.json() if response.content_type == "application/json" else None


@pytest.fixture
async def box(world: Any) -> AsyncIterator[Box]:
    world.write(BETS, WATCH)
    world.sources.texts = {
        "bets": names(1000),
        "watch": b"illegal.example\n",
        "https://lists.example/chat": b"chat.example\n",
    }
    controller = world.controller()

    async def good(_: object) -> Finding:
        return Outcome.GOOD, ""

    transports = dict.fromkeys(("udp", "tcp", "dot", "doh", "http"), good)
    controller._selftest._prober._transports = lambda: transports
    await controller.start()
    controller.admit(LOCAL)
    async with TestClient(TestServer(make_app(controller))) as client:
        made = Box(world, controller, client)
        first = await made.news()
        assert sorted(first) == sorted(
            [
                EventKind.CONFIG_LOADED,
                EventKind.SOFTWARE_STARTED,
                EventKind.LIST_SYNCED,
                EventKind.LIST_SYNCED,
            ]
        )
        for holder in ("anna", "ben"):
            asked = {"role": "operator", "holder": holder}
            made.tokens[holder] = (await made.ask("POST", "/api/v1/tokens", asked))["token"]
        asked = {"role": "list-manager", "holder": "carl"}
        made.tokens["carl"] = (await made.ask("POST", "/api/v1/tokens", asked))["token"]
        assert await made.news() == [EventKind.TOKEN_CREATED] * 3
        yield made


Step = tuple[str, str, Any, str, Sequence[EventKind]]
"""Method, path of the route, body, by whom, and the events that it leaves."""
HOME = {"profile": "teen", "addresses": ["192.0.2.7"]}
STORED: Sequence[tuple[str, str, Any, Sequence[EventKind]]] = (
    ("POST", "/api/v1/categories", {"id": "own", "title": "Own"}, [EventKind.CATEGORY_CHANGED]),
    ("PUT", "/api/v1/categories/own", {"title": "Ours"}, [EventKind.CATEGORY_CHANGED]),
    ("PUT", "/api/v1/categories/own", {"title": "Ours"}, NOTHING),
    ("PATCH", "/api/v1/categories/own", {"title": "Yours"}, [EventKind.CATEGORY_CHANGED]),
    ("PATCH", "/api/v1/categories/own", {"title": "Yours"}, NOTHING),
    ("POST", LISTS, CHAT | {"categories": ["own"]}, [EventKind.LIST_CREATED, EventKind.LIST_SYNCED]),
    ("PATCH", f"{LISTS}/chat", {"title": "Chat"}, [EventKind.LIST_CHANGED]),
    ("PATCH", f"{LISTS}/chat", {"title": "Chat"}, NOTHING),
    ("PUT", f"{LISTS}/chat", CHAT | {"categories": ["own"]}, [EventKind.LIST_CHANGED]),
    ("DELETE", f"{LISTS}/chat", None, [EventKind.LIST_DELETED]),
    ("DELETE", "/api/v1/categories/own", None, [EventKind.CATEGORY_DELETED]),
    ("POST", "/api/v1/profiles", {"id": "teen", "paused": True}, [EventKind.PROFILE_CHANGED]),
    ("PUT", "/api/v1/profiles/teen", {"block": ["gambling"]}, [EventKind.PROFILE_CHANGED]),
    ("PATCH", "/api/v1/profiles/teen", {"paused": True}, [EventKind.PROFILE_CHANGED]),
    ("PATCH", "/api/v1/profiles/teen", {"paused": True}, NOTHING),
    ("POST", SUBSCRIBERS, HOME | {"id": "home-7"}, [EventKind.SUBSCRIBER_CHANGED]),
    ("PUT", f"{SUBSCRIBERS}/home-7", HOME | {"addresses": ["192.0.2.8"]}, [EventKind.SUBSCRIBER_CHANGED]),
    ("PATCH", f"{SUBSCRIBERS}/home-7", {"addresses": ["192.0.2.9"]}, [EventKind.SUBSCRIBER_CHANGED]),
    ("PUT", f"{SUBSCRIBERS}/home-7/identities", {"addresses": ["192.0.2.5"]}, [EventKind.SUBSCRIBER_CHANGED]),
    ("PUT", f"{SUBSCRIBERS}/home-7/identities", {"addresses": ["192.0.2.5"]}, NOTHING),
    (
        "PUT",
        f"{SUBSCRIBERS}/home-7/rules",
        {"deny": ["up.example"], "allow": []},
        [EventKind.SUBSCRIBER_CHANGED],
    ),
    ("DELETE", f"{SUBSCRIBERS}/home-7", None, [EventKind.SUBSCRIBER_DELETED]),
    ("DELETE", "/api/v1/profiles/teen", None, [EventKind.PROFILE_DELETED]),
)
WHY = {"reason": "as the court said"}
DECIDED: Sequence[tuple[str, str, Any, str, Sequence[EventKind]]] = (
    ("POST", f"{LISTS}/bets/entries", {"add": ["new.example"]}, "", [EventKind.LIST_EDITED]),
    ("POST", f"{LISTS}/bets/entries", {"add": ["new.example"]}, "", NOTHING),
    ("POST", f"{LISTS}/bets/suspend", WHY, "", [EventKind.LIST_SUSPENDED]),
    ("POST", f"{LISTS}/bets/resume", WHY, "", [EventKind.LIST_RESUMED]),
    ("POST", f"{LISTS}/bets/sync", None, "", NOTHING),
    ("POST", f"{LISTS}/bets/selftest", None, "", [EventKind.LIST_SELFTEST, EventKind.CANARY_RESULT]),
    ("POST", f"{LISTS}/watch/ask", {"text": "a.example"} | WHY, "carl", [EventKind.LIST_ASKED]),
    ("POST", f"{LISTS}/watch/erase", WHY, "anna", [EventKind.LIST_APPROVED]),
    ("POST", f"{LISTS}/watch/erase", WHY, "ben", [EventKind.LIST_ERASING, EventKind.LIST_ERASED]),
    ("POST", "/api/v1/audit/erasures", WHY | {"event": 5}, "anna", [EventKind.AUDIT_ERASING]),
    ("POST", "/api/v1/audit/erasures", WHY | {"event": 5}, "ben", [EventKind.AUDIT_ERASED]),
    ("POST", "/api/v1/reload", None, "", NOTHING),
)
LOG_ACTIONS = ("rotate-key", "retire-key", "close", "confirm-clock", "adopt")
APART = frozenset(
    {
        ("POST", f"{LISTS}/{{id}}/preview"),
        ("POST", f"{LISTS}/{{id}}/rollback"),
        ("POST", f"{LISTS}/{{id}}/release"),
        ("DELETE", "/api/v1/tokens/{id}"),
        ("POST", "/api/v1/tokens"),
        ("POST", "/api/v1/audit/openings"),
        ("POST", "/api/v1/audit/openings/{id}/approve"),
        ("DELETE", "/api/v1/audit/openings/{id}"),
        ("POST", "/api/v1/audit/challenge"),
        *(("POST", f"/api/v1/audit/log/{what}") for what in LOG_ACTIONS),
    }
)
"""Routes that have a test of their own below, or, like the preview, change nothing. Openings and challenges need a log: theirs
is ``test_opening_lists``, and that of decisions about the log ``test_log_keys`` and ``test_log_actions``."""


def _template(path: str) -> str:
    """The route of a path."""
    given = path.split("/")
    for method, template, _, _ in ROUTES:
        parts = template.split("/")
        fits = [part in ("{id}", word) for part, word in zip(parts, given, strict=False)]
        if method != "GET" and len(parts) == len(given) and all(fits):
            return template
    raise AssertionError(path)


def test_every_route_that_changes_something_is_driven_here() -> None:
    changing = {(method, path) for method, path, _, _ in ROUTES if method != "GET"}
    driven = {(method, _template(path)) for method, path, *_ in (*STORED, *DECIDED)}
    assert changing == driven | APART


async def test_every_stored_thing_tells_of_its_changes(box: Box) -> None:
    for method, path, body, expected in STORED:
        await box.ask(method, path, body)
        assert (method, path, await box.news()) == (method, path, list(expected))


async def test_every_decision_tells(box: Box) -> None:
    for method, path, body, by, expected in DECIDED:
        await box.ask(method, path, body, by)
        assert (method, path, await box.news()) == (method, path, list(expected))


async def test_versions_tell_of_what_becomes_of_them(box: Box) -> None:
    box.world.sources.texts["bets"] = names(900)
    await box.ask("POST", f"{LISTS}/bets/sync")
    assert await box.news() == [EventKind.LIST_SYNCED]
    await box.ask("POST", f"{LISTS}/bets/rollback", WHY | {"version": "", "hold": False})
    assert await box.news() == [EventKind.LIST_ROLLED_BACK]
    await box.ask("POST", f"{LISTS}/bets/resume", WHY)
    assert (await box.news())[:1] == [EventKind.LIST_RESUMED]
    box.world.sources.texts["bets"] = names(10)
    await box.ask("POST", f"{LISTS}/bets/sync")
    assert await box.news() == [EventKind.LIST_HELD]
    held = (await box.ask("GET", f"{LISTS}/bets/held"))["digest"]
    await box.ask("POST", f"{LISTS}/bets/release", WHY | {"digest": held[:12]})
    assert await box.news() == [EventKind.LIST_APPROVED, EventKind.LIST_RELEASED]
    box.world.sources.texts["bets"] = None
    for expected in ([EventKind.LIST_FAILED], []):
        await box.ask("POST", f"{LISTS}/bets/sync")
        assert await box.news() == expected


async def test_what_is_not_told_changes_nothing(box: Box) -> None:
    preview = {"url": "https://lists.example/chat", "format": "domains", "kind": "category"}
    response = await box.client.post(
        f"{LISTS}/bets/preview",
        json=preview,
        headers={"Authorization": f"Bearer {LOCAL}", "Weir-User": "root"},
    )
    assert response.status < 500
    assert await box.news() == []


async def test_tokens_tell(box: Box) -> None:
    made = await box.ask("POST", "/api/v1/tokens", {"role": "auditor", "holder": "eva"})
    assert await box.news() == [EventKind.TOKEN_CREATED]
    for expected in ([EventKind.TOKEN_REVOKED], []):
        await box.ask("DELETE", f"/api/v1/tokens/{made['id']}")
        assert await box.news() == expected


async def test_reloads_tell(box: Box) -> None:
    box.world.write(BETS, WATCH, more="telemetry: {query_sample: 1/1000}\n")
    await box.ask("POST", "/api/v1/reload")
    assert await box.news() == [EventKind.CONFIG_LOADED, EventKind.DEBUG_ON]
    box.world.config_path.write_text("nonsense: true\n")
    headers = {"Authorization": f"Bearer {LOCAL}", "Weir-User": "root"}
    assert (await box.client.post("/api/v1/reload", headers=headers)).status == 422
    assert await box.news() == [EventKind.CONFIG_REFUSED]
    async with box.controller.database.reading() as transaction:
        last = await transaction.session.get(EventRow, box.told)
    assert last is not None
    assert last.holder == "local:root"


async def test_who_may_not_leaves_no_event(box: Box) -> None:
    made = await box.ask("POST", "/api/v1/tokens", {"role": "auditor", "holder": "eva"})
    await box.news()
    headers = {"Authorization": f"Bearer {made['token']}", "If-Match": "*"}
    for method, path, body in (step[:3] for step in (*STORED, *DECIDED)):
        response = await box.client.request(method, path, json=body, headers=headers)
        assert (method, path, response.status) == (method, path, 403)
    assert await box.news() == []


REFUSED: Sequence[tuple[str, str, Any]] = (
    ("POST", "/api/v1/profiles", {"id": "strict", "paused": True}),
    ("POST", "/api/v1/profiles", {"id": "teen", "block": ["nowhere"]}),
    ("POST", SUBSCRIBERS, {"id": "home-7", "profile": "nobody", "addresses": ["192.0.2.7"]}),
    ("POST", LISTS, {"id": "bets"}),
    ("DELETE", "/api/v1/profiles/strict", None),
    ("POST", f"{LISTS}/bets/suspend", {"reason": " "}),
    ("POST", f"{LISTS}/bets/resume", WHY),
    ("POST", f"{LISTS}/bets/rollback", WHY | {"version": "0" * 12}),
    ("POST", f"{LISTS}/bets/release", WHY | {"digest": "0" * 12}),
    ("POST", f"{LISTS}/bets/entries", {"add": ["no name at all"]}),
    ("POST", f"{LISTS}/nobody/suspend", WHY),
    ("POST", "/api/v1/tokens", {"role": "king", "holder": "eva"}),
    ("POST", "/api/v1/audit/erasures", {"event": 5000, "reason": "x"}),
)


async def test_what_is_refused_leaves_no_event(box: Box) -> None:
    headers = {"Authorization": f"Bearer {LOCAL}", "Weir-User": "root", "If-Match": "*"}
    for method, path, body in REFUSED:
        response = await box.client.request(method, path, json=body, headers=headers)
        assert 400 <= response.status < 500, (method, path)
        assert await box.news() == [], (method, path)


VERBS: Mapping[str, str] = {
    "audit adopt": "POST /api/v1/audit/log/adopt",
    "audit blocked": "reads",
    "audit challenge": "POST /api/v1/audit/challenge",
    "audit check": "reads",
    "audit close": "POST /api/v1/audit/log/close",
    "audit confirm-clock": "POST /api/v1/audit/log/confirm-clock",
    "audit diff": "reads",
    "audit erase": "POST /api/v1/audit/erasures",
    "audit export": "reads",
    "audit list": "reads",
    "audit open": "POST /api/v1/audit/openings",
    "audit openings": "POST /api/v1/audit/openings/{id}/approve",
    "audit prove": "reads",
    "audit recompute": "reads",
    "audit retire-key": "POST /api/v1/audit/log/retire-key",
    "audit rotate-key": "POST /api/v1/audit/log/rotate-key",
    "audit text": "reads",
    "audit verify": "reads",
    "report": "reads",
    "audit private": "an event of its own: tests/admin/services/test_audit_private.py",
    "check": "reads",
    "config check": "reads",
    "config reference": "reads",
    "config show": "reads",
    "lists ask": f"POST {LISTS}/{{id}}/ask",
    "lists certify": "reads",
    "lists diff": "reads",
    "lists edit": f"POST {LISTS}/{{id}}/entries",
    "lists erase": f"POST {LISTS}/{{id}}/erase",
    "lists held": "reads",
    "lists hits": "reads",
    "lists preview": "reads",
    "lists release": f"POST {LISTS}/{{id}}/release",
    "lists resume": f"POST {LISTS}/{{id}}/resume",
    "lists review": "reads",
    "lists rollback": f"POST {LISTS}/{{id}}/rollback",
    "lists selftest": f"POST {LISTS}/{{id}}/selftest",
    "lists status": "reads",
    "lists suspend": f"POST {LISTS}/{{id}}/suspend",
    "lists sync": f"POST {LISTS}/{{id}}/sync",
    "lists versions": "reads",
    "profiles list": "reads",
    "profiles remove": "DELETE /api/v1/profiles/{id}",
    "profiles set": "PATCH /api/v1/profiles/{id}",
    "profiles show": "reads",
    "serve": "software.started and config.loaded of control",
    "subscribers list": "reads",
    "subscribers remove": "DELETE /api/v1/subscribers/{id}",
    "subscribers set": "PATCH /api/v1/subscribers/{id}",
    "subscribers show": "reads",
    "support-bundle": "reads",
    "tokens create": "POST /api/v1/tokens",
    "tokens list": "reads",
    "tokens revoke": "DELETE /api/v1/tokens/{id}",
    "vault rotate": "an event of its own: tests/admin/services/test_vault_rotation.py",
}
"""What each verb of ``weir`` does to the state: the route that it uses, or that it only reads."""


def _verbs(command: Any, path: tuple[str, ...] = ()) -> list[str]:
    found = getattr(command, "commands", None)
    if found is None:
        return [" ".join(path)]
    return [verb for name, inner in found.items() for verb in _verbs(inner, (*path, name))]


def test_every_verb_is_decided() -> None:
    verbs = set(_verbs(typer.main.get_command(build())))
    routes = {f"{method} {path}" for method, path, _, _ in ROUTES}
    assert verbs <= set(VERBS)
    for does in VERBS.values():
        assert does in routes or not does.startswith(("POST", "PUT", "PATCH", "DELETE"))
