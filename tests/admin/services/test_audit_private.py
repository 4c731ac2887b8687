"""Private parts of events: read with a reason, erased by two persons, and never so that the public log is another."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from admin.audit.events import Event, EventKind
from admin.audit.publication import private_part
from admin.services.actors import GRANTS, Actor, ActorKind, DeniedError, Permission, Role
from admin.services.acts import Act
from admin.services.audit_erasing import CONSENT_LASTS, Target, erase_old, erase_private
from admin.services.audit_export import Cut, export_events
from admin.services.audit_private import open_private
from admin.services.errors import ConflictError, InvalidError, NotFoundError
from admin.services.events import Filter, list_events
from admin.services.tokens import TOKEN_BYTES, Wanted, create_token, revoke_token
from admin.store.database import Database
from admin.store.log_tables import LogLeafRow, LogRow
from admin.store.tables import EventRow, TokenRow
from resolver.tlog.commitments import commit
from resolver.tlog.tree import EMPTY_ROOT, leaf_hash

ORIGIN = "edge-1/weir/2026"
OPENING = bytes(range(32))
ROOT = Actor.of_the_box(ActorKind.LOCAL, "root")


def person(name: str, role: Role = Role.OPERATOR) -> Actor:
    return Actor(ActorKind.TOKEN, name.lower(), name, GRANTS[role], role.value)


ANNA, BEN, CARL = person("Anna"), person("Ben"), person("Carl")
AUDITOR = person("Eva", Role.AUDITOR)
EVENTS = (
    (Event(EventKind.LIST_SUSPENDED, "watch", "", "a" * 64, "case 7 of Anna", {"until": None}), ANNA),
    (Event(EventKind.SUBSCRIBER_CHANGED, "home-7", "", "b" * 64, "moved"), BEN),
    (Event(EventKind.LIST_RELEASED, "watch", "", "c" * 64, "two agreed", {"second_holder": "Anna"}), BEN),
    (Event(EventKind.LIST_SYNCED, "bets", "", "d" * 64), Actor.of_the_box(ActorKind.SYNC, "bets")),
)


@dataclass
class Logged:
    """A database with events, each of which but that of the subscriber has a leaf."""

    database: Database

    async def record(self, event: Event, actor: Actor, at: float = 100.0, *, logged: bool = True) -> int:
        async with self.database.transaction() as transaction:
            transaction.record(event, actor, at)
            sequence = transaction.sequence
            await transaction.session.flush()
            row = await transaction.session.get(EventRow, sequence)
            log = await transaction.session.get(LogRow, ORIGIN)
            assert row is not None
            assert log is not None
            if logged and not event.kind.startswith("subscriber."):
                private = private_part(row)
                leaf = b'{"priv":"%s"}' % commit(OPENING, private).hex().encode()
                transaction.session.add(
                    LogLeafRow(
                        origin=ORIGIN, seq=log.size, leaf=leaf, event=sequence, priv=private, opening=OPENING
                    )
                )
                log.size += 1
            if logged:
                log.events = sequence
        return sequence

    async def rows(self) -> list[EventRow]:
        async with self.database.reading() as transaction:
            return list(await transaction.session.scalars(select(EventRow).order_by(EventRow.sequence)))

    async def leaves(self) -> list[LogLeafRow]:
        async with self.database.reading() as transaction:
            return list(await transaction.session.scalars(select(LogLeafRow).order_by(LogLeafRow.seq)))

    async def erase(
        self, actor: Actor, target: Target, at: float = 200.0, reason: str = "asked for"
    ) -> object:
        async with self.database.transaction() as transaction:
            return await erase_private(transaction, Act(actor, at, reason), target)


@pytest.fixture
async def logged(database: Database) -> Logged:
    log = LogRow(
        origin=ORIGIN, series="edge-1/weir", number=1, size=0, root=EMPTY_ROOT, note=b"", time=0, state="",
        bound=None, events=0, closed=False,
    )  # fmt: skip
    async with database.transaction() as transaction:
        transaction.session.add(log)
    made = Logged(database)
    for event, actor in EVENTS:
        await made.record(event, actor)
    return made


async def test_events_know_their_leaves(logged: Logged) -> None:
    waiting = await logged.record(Event(EventKind.LIST_SYNCED, "bets"), ANNA, logged=False)
    async with logged.database.reading() as transaction:
        every = await list_events(transaction, AUDITOR)
        public = await list_events(transaction, AUDITOR, only=Filter(public=True))
        hidden = await list_events(transaction, AUDITOR, only=Filter(public=False))
        exported = await export_events(transaction, AUDITOR, "edge-1", Cut())
    assert [event.index for event in every] == [0, None, 1, 2, None]
    assert [event.sequence for event in public] == [1, 3, 4]
    assert [event.sequence for event in hidden] == [2, 5]
    assert every[0].origin == ORIGIN
    assert every[0].leaf_hash == leaf_hash((await logged.leaves())[0].leaf).hex()
    assert [event.sequence for event in exported] == [1, 2, 3, 4] != [*range(1, waiting + 1)]
    assert [event.uid for event in exported][:2] == [f"{ORIGIN}#0", "edge-1/events#2"]


async def test_without_a_log_every_event_is_final(database: Database) -> None:
    async with database.transaction() as transaction:
        transaction.record(Event(EventKind.CONFIG_LOADED, "x"), ROOT, 1.0)
    async with database.reading() as transaction:
        assert len(await export_events(transaction, ROOT, "edge-1", Cut(since=1.0))) == 1


async def test_what_is_private_opens_the_commitment_and_is_told(logged: Logged) -> None:
    async with logged.database.transaction() as transaction:
        (part,) = await open_private(transaction, Act(AUDITOR, 150.0, "audit 3"), 1)
    assert commit(bytes.fromhex(part.opening), part.private.encode()).hex() in part.leaf
    assert "case 7 of Anna" in part.private
    assert not part.is_erased
    last = (await logged.rows())[-1]
    assert (last.kind, last.subject, last.holder, last.reason, last.detail["leaf"]) == (
        "audit.opened", "1", "Eva", "audit 3", 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("actor", "reason", "sequence", "error"),
    [
        (replace(AUDITOR, permissions=frozenset({Permission.AUDIT_READ})), "why", 1, DeniedError),
        (AUDITOR, " ", 1, InvalidError),
        (AUDITOR, "why", 2, NotFoundError),
        (AUDITOR, "why", 99, NotFoundError),
    ],
)
async def test_who_reads_nothing_leaves_no_event(
    logged: Logged, actor: Actor, reason: str, sequence: int, error: type[Exception]
) -> None:
    before = len(await logged.rows())
    with pytest.raises(error):
        async with logged.database.transaction() as transaction:
            await open_private(transaction, Act(actor, 150.0, reason), sequence)
    assert len(await logged.rows()) == before


async def test_two_persons_erase_a_third_and_the_leaves_stay(logged: Logged) -> None:
    target, before = Target(holder="Anna"), [leaf.leaf for leaf in await logged.leaves()]
    assert (await logged.erase(BEN, target)).waits
    assert (await logged.erase(BEN, target, 201.0)).waits  # one person is one
    assert "Anna" in str([row.holder for row in await logged.rows()])
    done = await logged.erase(CARL, target, 202.0)
    assert (done.waits, done.events, done.parts) == (False, 2, 2)
    rows, leaves = await logged.rows(), await logged.leaves()
    assert [leaf.leaf for leaf in leaves] == before
    assert [leaf.opening is None and leaf.priv is None for leaf in leaves] == [True, True, False]
    assert (rows[0].holder, rows[0].actor_id, rows[0].reason, rows[0].detail) == ("", "", "", {})
    assert (rows[0].kind, rows[0].subject, rows[0].actor_kind) == ("list.suspended", "watch", "token")
    assert (rows[2].holder, rows[2].reason, rows[2].detail) == ("Ben", "two agreed", {})
    last = rows[-1]
    assert (last.kind, last.holder, last.detail) == (
        "audit.erased",
        "Carl",
        {"events": 2, "parts": 2, "what": "holder", "second_holder": "Ben", "actor_role": "operator"},
    )
    told = str([(row.holder, row.subject, row.reason, row.detail, row.after) for row in rows])
    assert "Anna" not in told
    assert target.digest not in told
    async with logged.database.transaction() as transaction:
        (part,) = await open_private(transaction, Act(AUDITOR, 300.0, "why"), 1)
    assert part.is_erased
    assert (part.private, part.opening) == ("", "")
    with pytest.raises(NotFoundError):
        await logged.erase(BEN, target, 301.0)


async def test_a_subscriber_is_erased_with_what_could_be_guessed(logged: Logged) -> None:
    target = Target(subscriber="home-7")
    await logged.erase(ANNA, target)
    await logged.erase(CARL, target)
    row = (await logged.rows())[1]
    assert (row.kind, row.subject, row.before, row.after, row.holder) == (
        "subscriber.changed",
        "",
        "",
        "",
        "",
    )
    assert "home-7" not in str([(other.subject, other.detail) for other in await logged.rows()])


async def test_one_event_is_erased_once(logged: Logged) -> None:
    target = Target(event=1)
    await logged.erase(BEN, target)
    await logged.erase(CARL, target)
    assert (await logged.rows())[0].reason == ""
    assert (await logged.rows())[2].detail["second_holder"] == "Anna"  # another event
    with pytest.raises(NotFoundError):
        await logged.erase(BEN, target)


@pytest.mark.parametrize(
    ("actor", "target", "reason", "error", "words"),
    [
        (AUDITOR, Target(holder="Anna"), "why", DeniedError, "audit:erase"),
        (ANNA, Target(holder="Anna"), "why", ConflictError, "their own traces"),
        (ANNA, Target(event=1), "why", ConflictError, "their own traces"),
        (BEN, Target(holder="Anna"), "", InvalidError, "reason"),
        (BEN, Target(holder="Anna"), "two\nlines", InvalidError, "reason"),
        (BEN, Target(), "why", InvalidError, "whose traces"),
        (BEN, Target(holder="Anna", event=1), "why", InvalidError, "one only"),
        (BEN, Target(holder="Nobody"), "why", NotFoundError, "nothing private"),
        (BEN, Target(holder="sync:bets"), "why", NotFoundError, "nothing private"),
        (BEN, Target(event=99), "why", NotFoundError, "nothing private"),
        (BEN, Target(event=4), "why", NotFoundError, "nothing private"),
    ],
)
async def test_what_may_not_be_erased_leaves_no_event(
    logged: Logged, actor: Actor, target: Target, reason: str, error: type[Exception], words: str
) -> None:
    before = len(await logged.rows())
    with pytest.raises(error, match=words):
        await logged.erase(actor, target, reason=reason)
    assert len(await logged.rows()) == before


async def test_a_consent_lapses_and_is_good_for_one_erasure(logged: Logged) -> None:
    target = Target(holder="Anna")
    await logged.erase(BEN, target, 200.0)
    late = 200.0 + CONSENT_LASTS
    assert (await logged.erase(CARL, target, late)).waits
    assert not (await logged.erase(BEN, target, late + 1)).waits
    await logged.record(EVENTS[0][0], ANNA, late + 2)
    assert (await logged.erase(CARL, target, late + 3)).waits
    erasing = [row.after for row in await logged.rows() if row.kind == "audit.erasing"]
    assert erasing == ["", "", target.digest]


async def test_what_the_log_has_not_seen_is_not_erased(logged: Logged) -> None:
    await logged.record(EVENTS[0][0], ANNA, logged=False)
    with pytest.raises(ConflictError, match="not in the public log yet"):
        await logged.erase(BEN, Target(holder="Anna"))


async def test_who_has_a_live_token_is_not_erased(logged: Logged) -> None:
    act = Act(ROOT, 100.0)
    async with logged.database.transaction() as transaction:
        issued = await create_token(
            transaction, act, Wanted(Role.OPERATOR, "Anna"), random=bytes(range(TOKEN_BYTES))
        )
        log = await transaction.session.get(LogRow, ORIGIN)
        assert log is not None
        log.events = transaction.sequence
    with pytest.raises(ConflictError, match="revoke it first"):
        await logged.erase(BEN, Target(holder="Anna"))
    async with logged.database.transaction() as transaction:
        await revoke_token(transaction, act, issued.token.id)
        log = await transaction.session.get(LogRow, ORIGIN)
        assert log is not None
        log.events = transaction.sequence
    await logged.erase(BEN, Target(holder="Anna"))
    assert not (await logged.erase(CARL, Target(holder="Anna"))).waits
    async with logged.database.reading() as transaction:
        assert await transaction.session.scalar(select(TokenRow.holder)) == ""
    created = next(row for row in await logged.rows() if row.kind == "token.created")
    assert (created.holder, created.detail) == ("local:root", {})


async def test_what_is_old_is_erased_by_itself(logged: Logged) -> None:
    async with logged.database.transaction() as transaction:
        assert (await erase_old(transaction, 150.0, 60.0)).events == 0
    before = len(await logged.rows())
    async with logged.database.transaction() as transaction:
        assert (await erase_old(transaction, 200.0, 60.0)).events == 3
    async with logged.database.transaction() as transaction:
        assert (await erase_old(transaction, 201.0, 60.0)).events == 0
    rows = await logged.rows()
    assert [row.holder for row in rows[:before]] == ["", "", "", "sync:bets"]
    assert (rows[-1].kind, rows[-1].holder, rows[-1].detail["what"]) == (
        "audit.erased", "schedule:control", "age",
    )  # fmt: skip
    assert len(rows) == before + 1
