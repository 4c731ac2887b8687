"""A control without network and without waiting: sources that a test fills, clocks that it moves."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from admin.config import Config, load
from admin.control.clocks import Clocks
from admin.control.controller import Controller
from admin.control.lists import ListKeeper
from admin.control.schedule import Schedule
from admin.control.storage import Storage
from admin.services.place import Place
from admin.store.address import address_of
from blocklists.canonical import to_wire
from blocklists.edits import Edit
from blocklists.model import ListCounts, ListSource, ListVersion, Timers
from blocklists.sealed_texts import SealedTexts
from blocklists.snapshot.compiler import CompileReport, compile_prepared
from blocklists.snapshot.readings import Prepared, Readings
from blocklists.sources import Fetched, FetchError, Known, NotModified
from blocklists.sync import ListStore
from resolver.tables.view import View

CONFIG = """\
data_dir: var
resolver: {{listen: ["127.0.0.1:5300"], workers: 2, upstreams: ["127.0.0.1:5399"]}}
gateway: {{listen: ["127.0.0.1:8080"]}}
lists:
{lists}
profiles: {{strict: {{block: [{block}]}}}}
default_profile: strict
"""
BETS = (
    '{id: bets, url: "https://lists.example/bets", format: domains, kind: category, categories: [gambling]}'
)
INDEX_KEY, DIGEST_KEY, BLOB_KEY = bytes(range(16)), bytes(range(16, 48)), bytes(range(48, 80))
WATCH = (
    '{id: watch, url: "https://other.example/watch", format: domains, kind: illegal, confidentiality: secret}'
)


class NoChance:
    """Randomness that always says nought."""

    def random(self) -> float:
        return 0.0


@dataclass
class Sources:
    """The world's lists: text by address or list id; None = the server is down. ``hold`` makes a fetch wait."""

    texts: dict[str, bytes | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hold: dict[str, asyncio.Event] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)
    faults: dict[str, Exception] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    most_at_once: int = 0
    timers: Timers | None = None
    """What every version says of its zone's timers."""

    async def __call__(self, source: ListSource, *, known: Known | None, now: float) -> Fetched:
        self.asked.append(source.id)
        self.addresses.append(source.url)
        self.running.append(source.id)
        self.most_at_once = max(self.most_at_once, len(self.running))
        try:
            if source.id in self.hold:
                await self.hold[source.id].wait()
            await asyncio.sleep(0)
        finally:
            self.running.remove(source.id)
        if source.id in self.faults:
            raise self.faults[source.id]
        text = self.texts.get(source.url, self.texts.get(source.id))
        if text is None:
            raise FetchError(f"{source.url}: the server is down")
        digest = hashlib.sha256(text).hexdigest()
        if known is not None and known.etag == digest:
            return NotModified()
        return ListVersion(source.id, text, digest, now, etag=digest, timers=self.timers)


@dataclass
class World:
    """All that a controller touches, in the hands of the test."""

    folder: Path
    sources: Sources = field(default_factory=Sources)
    unix: float = 1_800_000_000.0
    monotonic: float = 100.0
    compiled: list[tuple[str, ...]] = field(default_factory=list)
    compile_error: Exception | None = None
    storages: list[Storage] = field(default_factory=list)
    keepers: list[ListKeeper] = field(default_factory=list)
    """Those of controllers."""
    suffixes: Collection[str] = ()
    _before: Controller | None = None
    log: Any = None
    """What controllers log first in; None = they keep no log."""

    @property
    def place(self) -> Place:
        return Place(self.folder / "var")

    @property
    def config_path(self) -> Path:
        return self.folder / "weir.yaml"

    def view(self) -> View:
        """What a worker would serve from."""
        return View.open(self.place.state, INDEX_KEY)

    def write(self, *lists: str, block: str = "gambling", more: str = "") -> None:
        """The configuration's file with these lists."""
        text = CONFIG.format(lists="\n".join(f"  - {item}" for item in lists) or "  []", block=block)
        self.config_path.write_text(text + more)

    def pass_time(self, seconds: float) -> None:
        self.unix += seconds
        self.monotonic += seconds

    def keeper(self) -> ListKeeper:
        """As after a start of the process: nothing in memory, everything on disk."""
        clocks = Clocks(lambda: self.unix, lambda: self.monotonic)
        store = ListStore(self.place.lists, SealedTexts(self.place.lists, BLOB_KEY), digest_key=DIGEST_KEY)
        self.readings = Readings(self.suffixes, INDEX_KEY)
        return ListKeeper(
            store,
            Schedule(NoChance()),
            clocks,
            count=self.readings.count,
            fetch=self.sources,
            recount=self.readings.recount,
        )

    def controller(self) -> Controller:
        self._end()
        config: Config = load(self.config_path)
        self.place.create()
        clocks = Clocks(lambda: self.unix, lambda: self.monotonic)
        keeper = self.keeper()
        self.keepers.append(keeper)
        storage = Storage(lambda: address_of(config), self.place.owed_events)
        self.storages.append(storage)
        controller = Controller(
            config, keeper, clocks, compiler=self.compile, readings=self.readings, storage=storage
        )
        if self.log is not None:
            controller.keep_log(self.log)
        self._before = controller
        return controller

    def _end(self) -> None:
        """As if the process before had ended: nobody else writes beside the compiled lists now."""
        if (before := self._before) is not None:
            for file in (before._editor._deltas, before._publisher._in_force):
                if file is not None:
                    file.close()
        self._before = None

    async def close(self) -> None:
        """Let go of all databases."""
        for storage in self.storages:
            await storage.close()

    def compile(
        self,
        lists: list[tuple[ListSource, bytes]],
        path: Path,
        prepared: Prepared,
        *,
        now: float,
        suffixes: Collection[str],
        edits: Mapping[str, Sequence[Edit]],
    ) -> CompileReport:
        if self.compile_error is not None:
            raise self.compile_error
        self.compiled.append(tuple(source.id for source, _ in lists))
        return compile_prepared(lists, path, prepared, now=now, suffixes=suffixes, edits=edits)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    await made.close()


@pytest.fixture
def index_key() -> bytes:
    """The world's key of secret lists."""
    return INDEX_KEY


@pytest.fixture
def bets() -> str:
    """A category list over https, as it stands in the configuration."""
    return BETS


@pytest.fixture
def watch() -> str:
    """A secret list of illegal content over https."""
    return WATCH


@pytest.fixture
def counts() -> Callable[[int], ListCounts]:
    return lambda entries: ListCounts(lines=entries, accepted=entries, entries=entries)


@pytest.fixture
def is_blocked(world: World) -> Callable[[str], bool]:
    """Whether the lists in force name something."""

    def ask(name: str) -> bool:
        return bool(View.open(world.place.state).listing(to_wire(name)).bits)

    return ask
