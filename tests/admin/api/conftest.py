"""An appliance that is made of facts, and a client that talks to its API over a loopback socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from admin.api.app import make_app
from admin.api.appliance import Condition, ConfigCondition, EditReport, ReloadResult, UnknownListError, Wish
from admin.config import Config, load
from admin.services.place import Place
from blocklists.edits import Edit
from resolver.tables.store import TablesError
from resolver.tables.view import View

NOW = 1_800_000_000.0

CONFIG = """\
node: edge-1.isp.example
data_dir: var
resolver: {listen: ["127.0.0.1:5300"], workers: 1, upstreams: ["127.0.0.1:5399"]}
gateway: {listen: ["127.0.0.1:8080"]}
profiles: {strict: {block: [gambling]}}
default_profile: strict
"""


@dataclass
class FakeAppliance:
    """Control without its work: what the API is told is written here by the test."""

    config: Config
    place: Place
    token: str | None = None
    state: Condition = field(default_factory=lambda: Condition(ConfigCondition(loaded=NOW)))
    opened: View | None = None
    result: ReloadResult = field(default_factory=lambda: ReloadResult(accepted=True, generation=7))
    reloads: int = 0
    kept: tuple[Edit, ...] = ()
    wishes: list[Wish] = field(default_factory=list)
    fault: Exception | None = None

    def condition(self) -> Condition:
        return self.state

    def now(self) -> float:
        return NOW

    async def view(self) -> View:
        if self.opened is None:
            raise TablesError("state: no generation has been published yet")
        return self.opened

    async def reload(self) -> ReloadResult:
        self.reloads += 1
        return self.result

    async def edits(self, list_id: str) -> tuple[Edit, ...]:
        if list_id != "bets":
            raise UnknownListError(list_id)
        return self.kept

    async def edit(self, list_id: str, wishes: Sequence[Wish]) -> EditReport:
        if self.fault is not None:
            raise self.fault
        await self.edits(list_id)
        self.wishes = list(wishes)
        return EditReport(len(wishes), compiling=False, edits=self.kept)


@pytest.fixture
def appliance(tmp_path: Path) -> FakeAppliance:
    path = tmp_path / "weir.yaml"
    path.write_text(CONFIG)
    config = load(path)
    place = Place(config.data_dir)
    place.create()
    return FakeAppliance(config, place)


@pytest.fixture
async def client(
    appliance: FakeAppliance,
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async with TestClient(TestServer(make_app(appliance))) as running:
        yield running


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture
def sentence() -> Callable[[str], str]:
    """Blanks folded, for comparing messages that are wrapped."""
    return lambda text: " ".join(text.split())
