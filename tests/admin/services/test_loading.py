"""Reading what is stored, and later what changed; on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

import admin.services.loading as module
from admin.audit.events import Event, EventKind
from admin.config import Config
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.services.categories import CATEGORIES
from admin.services.lists_declared import LISTS
from admin.services.loading import load_stored, refreshed
from admin.services.profiles import PROFILES
from admin.services.stored import Changed, Stored
from admin.services.subscribers import SUBSCRIBERS
from admin.store.database import Database
from admin.store.tables import ProfileRow

ACT = Act(Actor.of_the_box(ActorKind.LOCAL, "root"), 5.0)
CHAT = {"url": "file:chat.txt", "format": "domains", "kind": "category", "categories": ["chat"]}


@pytest.fixture
def declared(tmp_path: Path) -> Config:
    return Config(path=tmp_path / "weir.yaml")


async def do(database: Database, declared: Config, *steps: tuple[Any, str, tuple[Any, ...]]) -> None:
    async with database.transaction() as transaction:
        for documents, verb, arguments in steps:
            await getattr(documents, verb)(transaction, declared, ACT, *arguments)


async def load(database: Database, declared: Config) -> Stored:
    async with database.reading() as transaction:
        return await load_stored(transaction, declared)


async def refresh(database: Database, declared: Config, stored: Stored) -> tuple[Stored, Changed]:
    async with database.reading() as transaction:
        return await refreshed(transaction, declared, stored)


def line(number: int) -> dict[str, object]:
    return {"profile": "teen", "addresses": [f"10.1.{number // 256}.{number % 256}"]}


async def test_everything_is_read_and_later_only_what_changed(database: Database, declared: Config) -> None:
    await do(
        database,
        declared,
        (CATEGORIES, "create", ("school", {"title": "School"})),
        (PROFILES, "create", ("teen", {"block": ["school"]})),
        (LISTS, "create", ("chat", CHAT)),
        *((SUBSCRIBERS, "create", (f"s{n}", line(n))) for n in range(5)),
    )
    stored = await load(database, declared)
    assert list(stored.subscribers) == ["s0", "s1", "s2", "s3", "s4"]
    assert (set(stored.lists), set(stored.categories), set(stored.profiles)) == (
        {"chat"},
        {"school"},
        {"teen"},
    )
    assert stored.lists["chat"].url is not None
    assert stored.lists["chat"].url.path == str(declared.path.parent / "chat.txt")
    assert stored.sequence == 8
    assert await refresh(database, declared, stored) == (stored, Changed())

    await do(
        database,
        declared,
        (SUBSCRIBERS, "patch", ("s1", {"paused": True})),
        (SUBSCRIBERS, "delete", ("s2",)),
        (SUBSCRIBERS, "create", ("s9", line(9))),
    )
    fresh, changed = await refresh(database, declared, stored)
    assert changed.subscribers_alone == {"s1", "s2", "s9"}
    assert set(fresh.subscribers) == {"s0", "s1", "s3", "s4", "s9"}
    assert fresh.subscribers["s1"].paused
    assert fresh.subscribers["s0"] is stored.subscribers["s0"]
    assert fresh.profiles is stored.profiles
    assert fresh == await load(database, declared)


@pytest.mark.parametrize(("name", "value"), [("MOST_SINGLY", 2), ("MOST_EVENTS", 2)])
async def test_many_changes_are_read_as_a_whole(
    database: Database, declared: Config, monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    await do(database, declared, (PROFILES, "create", ("teen", {})))
    stored = await load(database, declared)
    await do(database, declared, *((SUBSCRIBERS, "create", (f"s{n}", line(n))) for n in range(5)))
    monkeypatch.setattr(module, name, value)
    fresh, changed = await refresh(database, declared, stored)
    assert "subscribers" in changed.whole
    assert fresh == await load(database, declared)


async def test_other_events_change_nothing(database: Database, declared: Config) -> None:
    stored = await load(database, declared)
    async with database.transaction() as transaction:
        transaction.record(Event(EventKind.LIST_SYNCED, "chat"), ACT.actor, 6.0)
    fresh, changed = await refresh(database, declared, stored)
    assert not changed
    assert fresh.sequence == 1


async def test_an_older_database_is_read_as_a_whole(database: Database, declared: Config) -> None:
    await do(database, declared, (PROFILES, "create", ("teen", {})), (PROFILES, "create", ("child", {})))
    stored = await load(database, declared)
    async with database.transaction() as transaction:  # what restoring a backup does
        await transaction.session.execute(text("DELETE FROM profiles WHERE id = 'child'"))
        await transaction.session.execute(text("DELETE FROM events WHERE sequence = 2"))
    fresh, changed = await refresh(database, declared, stored)
    assert changed.whole
    assert set(fresh.profiles) == {"teen"}


async def test_a_document_that_cannot_be_used_is_left_out_and_said_until_it_is_mended(
    database: Database, declared: Config
) -> None:
    await do(database, declared, (PROFILES, "create", ("teen", {})), (PROFILES, "create", ("child", {})))
    async with database.transaction() as transaction:
        await transaction.session.execute(
            update(ProfileRow).where(ProfileRow.id == "child").values(document={"of_later_times": True})
        )
    stored = await load(database, declared)
    assert set(stored.profiles) == {"teen"}
    assert "of_later_times: unknown key" in stored.unreadable["profiles", "child"]
    await do(database, declared, (PROFILES, "replace", ("child", {})))
    fresh, _ = await refresh(database, declared, stored)
    assert set(fresh.profiles) == {"teen", "child"}
    assert not fresh.unreadable
