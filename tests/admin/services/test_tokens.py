"""Tokens: made once, known again, ended; and what a token may hand on."""

from __future__ import annotations

import hashlib
import secrets
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from admin.services.actors import GRANTS, Actor, ActorKind, DeniedError, Permission, Role
from admin.services.acts import Act, Page
from admin.services.errors import InvalidError, NotFoundError
from admin.services.tokens import (
    TOKEN_BYTES,
    USE_NOTED,
    Issued,
    Wanted,
    authenticate,
    create_token,
    get_token,
    list_tokens,
    note_use,
    revoke_token,
)
from admin.store.database import Database
from admin.store.tables import EventRow, TokenRow

ROOT = Actor.of_the_box(ActorKind.LOCAL, "root")
NOW = 1_800_000_000.0


async def issue(
    database: Database, wanted: Wanted, actor: Actor = ROOT, random: bytes | None = None
) -> Issued:
    async with database.transaction() as transaction:
        drawn = secrets.token_bytes(TOKEN_BYTES) if random is None else random
        return await create_token(transaction, Act(actor, NOW), wanted, random=drawn)


async def known(database: Database, text: str, at: float = NOW + 1) -> Any:
    return await database.look(partial(authenticate, text, at))


async def test_a_token_is_known_again_and_its_text_is_nowhere(database: Database) -> None:
    issued = await issue(database, Wanted(Role.LIST_MANAGER, "Anna"))
    assert issued.text.startswith("weir_")
    assert len(issued.text) == len("weir_") + 64
    assert issued.text not in repr(issued)
    found = await known(database, issued.text)
    assert found.actor == Actor(
        ActorKind.TOKEN, issued.token.id, "Anna", GRANTS[Role.LIST_MANAGER], "list-manager"
    )
    async with database.reading() as transaction:
        row = (await transaction.session.scalars(select(TokenRow))).one()
        event = (await transaction.session.scalars(select(EventRow))).one()
    assert row.digest == hashlib.sha256(issued.text.encode()).hexdigest()
    for stored in (row, event):
        assert issued.text.removeprefix("weir_") not in repr(vars(stored))
    assert (event.kind, event.subject) == ("token.created", issued.token.id)


@pytest.mark.parametrize("change", [lambda text: text[:-1], str.upper, lambda text: text + "0", lambda _: ""])
async def test_what_is_no_token_is_nobody(database: Database, change: Any) -> None:
    issued = await issue(database, Wanted(Role.OPERATOR, "Anna"))
    assert await known(database, change(issued.text)) is None


@pytest.mark.parametrize("text", ["weir_" + "\udcff" * 64, "\0", "weir_" + "é" * 1000, "%s' OR 1=1 --"])
async def test_strange_texts_are_nobody(database: Database, text: str) -> None:
    assert await known(database, text) is None


async def test_a_token_ends_when_it_expires_or_is_revoked(database: Database) -> None:
    short = await issue(database, Wanted(Role.AUDITOR, "Bob", expires=NOW + 10))
    assert await known(database, short.text, NOW + 9) is not None
    assert await known(database, short.text, NOW + 10) is None
    lasting = await issue(database, Wanted(Role.AUDITOR, "Bob"))
    async with database.transaction() as transaction:
        revoked = await revoke_token(transaction, Act(ROOT, NOW + 5, "lost"), lasting.token.id)
        again = await revoke_token(transaction, Act(ROOT, NOW + 6), lasting.token.id)
    assert revoked.revoked == again.revoked == NOW + 5
    assert await known(database, lasting.text) is None
    async with database.reading() as transaction:
        kinds = [
            row.kind
            for row in await transaction.session.scalars(select(EventRow).order_by(EventRow.sequence))
        ]
    assert kinds == ["token.created", "token.created", "token.revoked"]


async def test_scopes_narrow_the_role(database: Database) -> None:
    issued = await issue(database, Wanted(Role.OPERATOR, "cron", frozenset({Permission.CHECK})))
    found = await known(database, issued.text)
    assert found.actor.permissions == {Permission.CHECK}


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(Role.AUDITOR, "Bob", frozenset({Permission.LISTS_WRITE})), "scopes"),
        (Wanted(Role.AUDITOR, "Bob", frozenset()), "scopes"),
        (Wanted(Role.AUDITOR, " "), "holder"),
        (Wanted(Role.AUDITOR, "x" * 101), "holder"),
        (Wanted(Role.AUDITOR, "a\nb"), "holder"),
        (Wanted(Role.AUDITOR, "Bob", expires=NOW), "expires"),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(database: Database, wanted: Wanted, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        await issue(database, wanted)
    assert [mistake.field for mistake in caught.value.mistakes] == [field]


async def test_a_token_hands_on_no_more_than_it_has_and_never_what_takes_two_persons(
    database: Database,
) -> None:
    narrow = Actor(ActorKind.TOKEN, "x", "Anna", frozenset({Permission.TOKENS_WRITE, Permission.CHECK}))
    await issue(database, Wanted(Role.OPERATOR, "cron", frozenset({Permission.CHECK})), narrow)
    operator = Actor(ActorKind.TOKEN, "y", "Anna", GRANTS[Role.OPERATOR])
    await issue(database, Wanted(Role.INTEGRATION, "billing"), operator)
    for actor, wanted in (
        (narrow, Wanted(Role.OPERATOR, "cron", frozenset({Permission.STATS}))),
        (narrow, Wanted(Role.OPERATOR, "cron")),
        (operator, Wanted(Role.OPERATOR, "second self")),
        (operator, Wanted(Role.LIST_MANAGER, "second self", frozenset({Permission.LISTS_RELEASE}))),
        (operator, Wanted(Role.OPERATOR, "second self", frozenset({Permission.LISTS_ERASE}))),
        (operator, Wanted(Role.LIST_MANAGER, "second self", frozenset({Permission.LISTS_SECRET}))),
    ):
        with pytest.raises(DeniedError, match="cannot hand on"):
            await issue(database, wanted, actor)
    with pytest.raises(DeniedError, match="tokens:write"):
        await issue(database, Wanted(Role.AUDITOR, "Bob"), Actor(ActorKind.TOKEN, "z", "Bob"))


async def test_the_last_use_is_noted_now_and_then(database: Database) -> None:
    issued = await issue(database, Wanted(Role.AUDITOR, "Bob"))
    assert (await known(database, issued.text, NOW + 1)).is_use_due
    async with database.transaction() as transaction:
        await note_use(transaction, issued.token.id, NOW + 1)
    assert not (await known(database, issued.text, NOW + USE_NOTED)).is_use_due
    assert (await known(database, issued.text, NOW + 1 + USE_NOTED)).is_use_due
    assert (await known(database, issued.text, NOW)).is_use_due  # the clock was set back
    async with database.reading() as transaction:
        assert (await get_token(transaction, ROOT, issued.token.id)).used == NOW + 1


async def test_pages_of_tokens(database: Database) -> None:
    ids = sorted([(await issue(database, Wanted(Role.AUDITOR, f"h{n}"))).token.id for n in range(5)])
    async with database.reading() as transaction:
        first = await list_tokens(transaction, ROOT, Page(limit=3))
        rest = await list_tokens(transaction, ROOT, Page(first.after or "", 3))
        with pytest.raises(NotFoundError, match="weir tokens list"):
            await get_token(transaction, ROOT, "none")
    assert [token.id for token in (*first.items, *rest.items)] == ids
    assert rest.after is None


@pytest.mark.parametrize("token_id", ["", "x", "\0", "\x1b[2J", "0" * 11, "0" * 12, "0" * 5_000])
async def test_what_is_no_token_is_not_found(database: Database, token_id: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        async with database.transaction() as transaction:
            await revoke_token(transaction, Act(ROOT, NOW), token_id)
    assert str(caught.value).isprintable()
