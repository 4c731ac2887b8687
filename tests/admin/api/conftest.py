"""An appliance that is made of facts, and a client that talks to its API over a loopback socket."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from admin.api.app import make_app
from admin.api.appliance import (
    Condition,
    ConfigCondition,
    EditReport,
    Keys,
    ReloadResult,
    Wish,
)
from admin.api.list_life import Decided
from admin.config import Config, load
from admin.services.actors import Actor, ActorKind, Role
from admin.services.acts import Act
from admin.services.effective import effective
from admin.services.errors import NotFoundError
from admin.services.loading import load_stored
from admin.services.place import Place
from admin.services.tokens import TOKEN_BYTES, Wanted, create_token
from admin.store.address import address_of
from admin.store.database import Database
from blocklists.edits import Edit
from blocklists.ledger import Since
from resolver.tables.store import TablesError
from resolver.tables.view import View

NOW = 1_800_000_000.0
LOCAL = "a-local-token-of-thirty-two-letters"

CONFIG = """\
node: edge-1.isp.example
data_dir: var
resolver: {listen: ["127.0.0.1:5300"], workers: 1, upstreams: ["127.0.0.1:5399"]}
gateway: {listen: ["127.0.0.1:8080"]}
profiles: {strict: {block: [gambling]}}
default_profile: strict
lists: [{id: bets, url: "https://lists.example/bets", format: domains, kind: category, categories: [gambling]}]
subscribers: [{id: home-17, profile: strict, addresses: ["127.0.0.17"]}]
"""


@dataclass
class FakeLists:
    """Decisions about lists: what was asked is kept, and answered with what the test wrote."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    fault: Exception | None = None
    answer: Any = None
    known_since: Since | None = None

    async def _decided(self, *asked: Any) -> Any:
        self.asked.append(asked)
        if self.fault is not None:
            raise self.fault
        return self.answer or Decided(asked[1], "So it is.", 7, in_force=True)

    async def suspend(self, actor: Actor, list_id: str, reason: str, until: float | None) -> Any:
        return await self._decided("suspend", list_id, actor.id, reason, until)

    async def resume(self, actor: Actor, list_id: str, reason: str) -> Any:
        return await self._decided("resume", list_id, actor.id, reason)

    async def roll_back(self, actor: Actor, list_id: str, reason: str, version: str, *, hold: bool) -> Any:
        return await self._decided("rollback", list_id, actor.id, reason, version, hold)

    async def release(self, actor: Actor, list_id: str, reason: str, digest: str) -> Any:
        return await self._decided("release", list_id, actor.id, reason, digest)

    async def sync(self, actor: Actor, list_id: str) -> Any:
        return await self._decided("sync", list_id, actor.id)

    async def versions(self, actor: Actor, list_id: str) -> Any:
        return await self._decided("versions", list_id, actor.id)

    async def difference(self, actor: Actor, list_id: str, before: str, after: str) -> Any:
        return await self._decided("diff", list_id, actor.id, before, after)

    async def review(self, actor: Actor, list_id: str, after: int, limit: int) -> Any:
        return await self._decided("review", list_id, actor.id, after, limit)

    async def since(self, actor: Actor, list_id: str, name: str) -> Since | None:
        self.asked.append(("since", list_id, actor.id, name))
        return self.known_since


@dataclass
class FakeAppliance:
    """Control without its work: what the API is told is written here by the test."""

    declared: Config
    place: Place
    database: Database
    config: Config
    keys: Keys = field(default_factory=lambda: Keys(LOCAL))
    state: Condition = field(default_factory=lambda: Condition(ConfigCondition(loaded=NOW)))
    opened: View | None = None
    result: ReloadResult = field(default_factory=lambda: ReloadResult(accepted=True, generation=7))
    reloads: int = 0
    kept: tuple[Edit, ...] = ()
    wishes: list[Wish] = field(default_factory=list)
    act: Act | None = None
    fault: Exception | None = None
    changes: int = 0
    waits: str = ""
    lists: FakeLists = field(default_factory=FakeLists)

    async def connect(self) -> Database:
        return self.database

    async def store_changed(self) -> str:
        self.changes += 1
        async with self.database.reading() as transaction:
            self.config = effective(self.declared, await load_stored(transaction, self.declared))
        return self.waits

    def condition(self) -> Condition:
        return self.state

    def now(self) -> float:
        return NOW

    async def view(self) -> View:
        if self.opened is None:
            raise TablesError("state: no generation has been published yet")
        return self.opened

    async def reload(self, act: Act | None = None) -> ReloadResult:
        self.reloads += 1
        return self.result

    async def edits(self, list_id: str) -> tuple[Edit, ...]:
        if list_id != "bets":
            raise NotFoundError(f"There is no list {list_id!r}")
        return self.kept

    async def edit(self, act: Act, list_id: str, wishes: Sequence[Wish]) -> EditReport:
        if self.fault is not None:
            raise self.fault
        await self.edits(list_id)
        self.wishes, self.act = list(wishes), act
        return EditReport(len(wishes), compiling=False, edits=self.kept)


@pytest.fixture
async def appliance(tmp_path: Path) -> AsyncIterator[FakeAppliance]:
    path = tmp_path / "weir.yaml"
    path.write_text(CONFIG)
    config = load(path)
    place = Place(config.data_dir)
    place.create()
    database = await Database.open(address_of(config))
    yield FakeAppliance(config, place, database, config)
    await database.close()


Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(appliance: FakeAppliance) -> AsyncIterator[Client]:
    """Somebody on this box without a token."""
    async with TestClient(TestServer(make_app(appliance))) as running:
        yield running


@pytest.fixture
async def local(appliance: FakeAppliance) -> AsyncIterator[Client]:
    """``weir`` on this box, run by root."""
    headers = {"Authorization": f"Bearer {LOCAL}", "Weir-User": "root"}
    async with TestClient(TestServer(make_app(appliance)), headers=headers) as running:
        yield running


@pytest.fixture
def make_token(appliance: FakeAppliance) -> Callable[..., Awaitable[str]]:
    """The text of a new token."""

    async def make(role: Role = Role.OPERATOR, holder: str = "somebody", **more: Any) -> str:
        act = Act(Actor.of_the_box(ActorKind.LOCAL, "root"), NOW)
        async with appliance.database.transaction() as transaction:
            issued = await create_token(
                transaction, act, Wanted(role, holder, **more), random=secrets.token_bytes(TOKEN_BYTES)
            )
        return issued.text

    return make


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture
def sentence() -> Callable[[str], str]:
    """Blanks folded, for comparing messages that are wrapped."""
    return lambda text: " ".join(text.split())
