"""The public log over the API: what people decide about it, and who may."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from admin.api.app import make_app
from admin.api.appliance import LogCondition
from admin.api.log_actions import LOG
from admin.audit.doubt import LogStoppedError
from admin.services.actors import Actor, Role
from admin.store.errors import UnavailableError


class Log:
    """Notes what it is asked for; refuses what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.refusal = ""

    @property
    def condition(self) -> LogCondition:
        return LogCondition(7, "box/weir/2027", "the disk is full")

    async def rotate_key(self, actor: Actor, reason: str) -> str:
        return self._done("rotate", reason)

    async def retire_key(self, actor: Actor, reason: str) -> str:
        return self._done("retire", reason)

    async def close_log(self, actor: Actor, reason: str, *, compromised: bool) -> str:
        return self._done("close", reason, compromised)

    def confirm_clock(self) -> None:
        self._done("clock")

    async def adopt(self) -> None:
        self._done("adopt")

    def _done(self, *asked: object) -> str:
        if self.refusal:
            raise LogStoppedError(self.refusal)
        self.asked.append(asked)
        return "box/weir/2027b"


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def logging_client(appliance: Any, log: Log) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(make_app(appliance, public_log=log))) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "body", "asked"),
    [
        ("rotate-key", {"reason": "yearly"}, ("rotate", "yearly")),
        ("retire-key", {"reason": "yearly"}, ("retire", "yearly")),
        ("close", {"reason": "stolen", "compromised": True}, ("close", "stolen", True)),
        ("close", {"reason": "moved"}, ("close", "moved", False)),
        ("confirm-clock", {"reason": "was off"}, ("clock",)),
        ("adopt", {"reason": "moved"}, ("adopt",)),
    ],
)
async def test_decisions_reach_the_log(
    logging_client: Any, make_token: Any, log: Log, path: str, body: Any, asked: tuple[object, ...]
) -> None:
    headers = {"Authorization": f"Bearer {await make_token(Role.OPERATOR)}"}
    answer = await logging_client.post(f"{LOG}/{path}", json=body, headers=headers)
    assert answer.status == 200
    assert set(await answer.json()) == {"message", "vkey", "origin"}
    assert log.asked == [asked]


@pytest.mark.parametrize("path", ["rotate-key", "retire-key", "close", "confirm-clock", "adopt"])
async def test_only_who_may_decides_with_a_reason(
    logging_client: Any, make_token: Any, log: Log, path: str
) -> None:
    assert (await logging_client.post(f"{LOG}/{path}", json={"reason": "x"})).status == 401
    for role, body, status in (
        (Role.AUDITOR, {"reason": "x"}, 403),
        (Role.LIST_MANAGER, {"reason": "x"}, 403),
        (Role.OPERATOR, {}, 422),
        (Role.OPERATOR, {"reason": " "}, 422),
        (Role.OPERATOR, {"reason": "an escape \x1b[2J"}, 422),
        (Role.OPERATOR, {"reason": "what PostgreSQL does not store: \0"}, 422),
        (Role.OPERATOR, {"reason": "x", "more": 1}, 422),
    ):
        headers = {"Authorization": f"Bearer {await make_token(role)}"}
        assert (await logging_client.post(f"{LOG}/{path}", json=body, headers=headers)).status == status
    assert log.asked == []


@pytest.mark.parametrize(
    ("path", "kind"), [("confirm-clock", "log.clock-confirmed"), ("adopt", "log.adopted")]
)
async def test_what_is_said_of_clock_and_folder_is_an_event(
    logging_client: Any, make_token: Any, log: Log, path: str, kind: str
) -> None:
    headers = {"Authorization": f"Bearer {await make_token(Role.OPERATOR)}"}
    log.refusal = "this folder is no copy"
    assert (
        await logging_client.post(f"{LOG}/adopt", json={"reason": "moved"}, headers=headers)
    ).status == 409
    log.refusal = ""
    await logging_client.post(f"{LOG}/{path}", json={"reason": "moved"}, headers=headers)
    answer = await logging_client.get(f"/api/v1/audit?kind={kind.partition('.')[0]}", headers=headers)
    told = [(item["kind"], item["subject"], item["reason"]) for item in (await answer.json())["items"]]
    assert told == [(kind, "box/weir/2027", "moved")]


async def test_a_clock_is_believed_by_nobody_before_its_event_is_kept(
    logging_client: Any, appliance: Any, make_token: Any, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {await make_token(Role.OPERATOR)}"}
    kept = appliance.database.transaction

    @contextlib.asynccontextmanager
    async def full() -> AsyncIterator[Any]:
        async with kept() as transaction:
            yield transaction
            raise UnavailableError("weir.db: the disk is full; make room")

    monkeypatch.setattr(appliance.database, "transaction", full)
    answer = await logging_client.post(f"{LOG}/confirm-clock", json={"reason": "was off"}, headers=headers)
    assert (answer.status, log.asked) == (503, [])


async def test_what_the_log_refuses_is_told_in_its_words(
    logging_client: Any, make_token: Any, log: Log
) -> None:
    log.refusal = "two keys sign already"
    headers = {"Authorization": f"Bearer {await make_token(Role.OPERATOR)}"}
    answer = await logging_client.post(f"{LOG}/rotate-key", json={"reason": "x"}, headers=headers)
    assert (answer.status, (await answer.json())["detail"]) == (409, "two keys sign already")


async def test_the_log_is_shown_to_auditors(logging_client: Any, make_token: Any) -> None:
    headers = {"Authorization": f"Bearer {await make_token(Role.AUDITOR)}"}
    answer = await logging_client.get(LOG, headers=headers)
    assert await answer.json() == {"origin": "box/weir/2027", "size": 7, "problem": "the disk is full"}


async def test_without_a_log_there_is_nothing_to_decide(client: Any, make_token: Any) -> None:
    headers = {"Authorization": f"Bearer {await make_token(Role.OPERATOR)}"}
    assert (await client.get(LOG, headers=headers)).status == 503
    assert (await client.post(f"{LOG}/adopt", json={"reason": "x"}, headers=headers)).status == 503
