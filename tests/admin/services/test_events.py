"""Reading audit events: pages, and what is asked for."""

from __future__ import annotations

import pytest

from admin.audit.events import Event, EventKind
from admin.services.actors import Actor, ActorKind, DeniedError
from admin.services.events import Filter, known_changes, list_events
from admin.store.database import Database

ROOT = Actor.of_the_box(ActorKind.LOCAL, "root")
EVENTS = (
    Event(EventKind.LIST_CREATED, "bets", after="a" * 64, reason="new"),
    Event(EventKind.LIST_SYNCED, "bets", detail={"entries": 7, "change": "x1"}),
    Event(EventKind.TOKEN_CREATED, "t1"),
    Event(EventKind.LIST_SYNCED, "chat", detail={"change": "x2"}),
)


@pytest.fixture
async def written(database: Database) -> Database:
    async with database.transaction() as transaction:
        for event in EVENTS:
            transaction.record(event, ROOT, 9.0)
    return database


@pytest.mark.parametrize(
    ("after", "limit", "only", "expected"),
    [
        (0, 100, Filter(), [1, 2, 3, 4]),
        (2, 100, Filter(), [3, 4]),
        (0, 2, Filter(), [1, 2]),
        (0, 0, Filter(), [1]),
        (0, 100, Filter(kind="list"), [1, 2, 4]),
        (0, 100, Filter(kind="list.synced"), [2, 4]),
        (0, 100, Filter(kind="li%"), []),
        (0, 100, Filter(subject="bets"), [1, 2]),
        (1, 100, Filter(kind="list", subject="bets"), [2]),
        (4, 100, Filter(), []),
    ],
)
async def test_events_are_read_in_their_order(
    written: Database, after: int, limit: int, only: Filter, expected: list[int]
) -> None:
    async with written.reading() as transaction:
        found = await list_events(transaction, ROOT, after, limit, only)
    assert [event.sequence for event in found] == expected


async def test_an_event_is_read_as_it_was_written(written: Database) -> None:
    async with written.reading() as transaction:
        first, second = await list_events(transaction, ROOT, limit=2)
        assert await known_changes(transaction, "bets") == {None, "x1"}
    assert (first.kind, first.subject, first.after, first.reason, first.at) == (
        "list.created",
        "bets",
        "a" * 64,
        "new",
        9.0,
    )
    assert (first.actor_kind, first.actor_id, first.holder) == ("local", "root", "local:root")
    assert second.detail == {"entries": 7, "change": "x1"}


async def test_only_whoever_may_reads_events(written: Database) -> None:
    async with written.reading() as transaction:
        with pytest.raises(DeniedError, match="audit:read"):
            await list_events(transaction, Actor(ActorKind.TOKEN, "x"))
