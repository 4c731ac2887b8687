"""API tokens: made, shown, revoked, and known again. The secret leaves here once, and is never stored.

A token is 256 random bits, so its plain SHA-256 is enough: there is nothing to guess that a slow hash would protect.
What a token may hand on is less than what somebody on the box may: looks into secret lists, and whatever takes two
persons, are for persons whom the operator of the box has named (``weir tokens create``), or one leaked token could play
two persons.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from admin.audit.events import Detail, Event, EventKind, digest_of
from admin.services.actors import GRANTS, Actor, ActorKind, DeniedError, Permission, Role, require
from admin.services.acts import MOST_PER_PAGE, Act, Page, Part
from admin.services.errors import ConflictError, InvalidError, Mistake, NotFoundError
from admin.store.database import Transaction
from admin.store.tables import Base, TokenRow

PREFIX = "weir_"
"""What scanners for leaked secrets look for."""
SECRET_BYTES = 32
ID_BYTES = 6
TOKEN_BYTES = ID_BYTES + SECRET_BYTES
"""How many random bytes a token is made of."""
USE_NOTED = 3600.0
"""Seconds: the last use is written down no more often than this, so that reading stays reading."""
LONGEST_HOLDER = 100
ONLY_ON_THE_BOX = frozenset(
    {
        Permission.LISTS_RELEASE,
        Permission.LISTS_ERASE,
        Permission.LISTS_SECRET,
        Permission.AUDIT_ERASE,
        Permission.AUDIT_OPEN,
    }
)
"""What a token cannot hand on."""
_ID = re.compile(rf"[0-9a-f]{{{2 * ID_BYTES}}}", re.ASCII)
_TOKENS = Base.metadata.tables[TokenRow.__tablename__]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token to be made. ``scopes`` None = all of the role; ``expires`` in Unix seconds, None = never."""

    role: Role
    holder: str
    scopes: frozenset[Permission] | None = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it may be shown. Times are Unix seconds; ``used`` is about when it was used last."""

    id: str
    role: Role
    scopes: frozenset[Permission]
    """What it is good for now."""
    holder: str
    created: float
    expires: float | None
    used: float | None
    revoked: float | None

    def is_live(self, at: float) -> bool:
        """Whether it opens anything."""
        return self.revoked is None and (self.expires is None or at < self.expires)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token with its text, which nobody will see again."""

    token: Token
    text: str

    def __repr__(self) -> str:
        """Without the text: it must not get into a log."""
        return f"Issued({self.token!r})"


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a token stands for. ``is_use_due``: ``note_use`` would write something down."""

    actor: Actor
    is_use_due: bool


async def create_token(transaction: Transaction, act: Act, wanted: Wanted, *, random: bytes) -> Issued:
    """Make a token of TOKEN_BYTES fresh ``random`` bytes. DeniedError, InvalidError."""
    require(act.actor, Permission.TOKENS_WRITE)
    assert len(random) == TOKEN_BYTES, "a token takes all of its random bytes"
    _check(act, wanted)
    token_id, text = random[:ID_BYTES].hex(), PREFIX + random[ID_BYTES:].hex()
    if await transaction.session.get(TokenRow, token_id) is not None:
        raise ConflictError(f"there is a token `{token_id}` already; ask again for another one")
    row = TokenRow(
        id=token_id,
        digest=_digest(text),
        role=wanted.role.value,
        scopes=None if wanted.scopes is None else sorted(wanted.scopes),
        holder=wanted.holder,
        created=act.at,
        expires=wanted.expires,
    )
    transaction.session.add(row)
    transaction.record(
        Event(EventKind.TOKEN_CREATED, token_id, "", _fingerprint(row), act.reason, _person(row)),
        act.actor,
        act.at,
    )
    return Issued(_token(row), text)


async def list_tokens(transaction: Transaction, actor: Actor, page: Page) -> Part[Token]:
    """One page of all tokens, by id, those that are revoked or expired among them."""
    require(actor, Permission.TOKENS_READ)
    limit = max(1, min(page.limit, MOST_PER_PAGE))
    found = await transaction.session.scalars(
        select(TokenRow).where(TokenRow.id > page.after).order_by(TokenRow.id).limit(limit + 1)
    )
    tokens = [_token(row) for row in found]
    return Part(tuple(tokens[:limit]), tokens[limit - 1].id if len(tokens) > limit else None)


async def get_token(transaction: Transaction, actor: Actor, token_id: str) -> Token:
    """One token. NotFoundError."""
    require(actor, Permission.TOKENS_READ)
    return _token(await _row(transaction, token_id))


async def revoke_token(transaction: Transaction, act: Act, token_id: str) -> Token:
    """End a token; one that is revoked already stays so. NotFoundError."""
    require(act.actor, Permission.TOKENS_WRITE)
    row = await _row(transaction, token_id)
    if row.revoked is None:
        before = _fingerprint(row)
        row.revoked = act.at
        transaction.record(
            Event(EventKind.TOKEN_REVOKED, token_id, before, _fingerprint(row), act.reason, _person(row)),
            act.actor,
            act.at,
        )
    return _token(row)


def authenticate(text: str, at: float, connection: Connection) -> Known | None:
    """Whom this text stands for; None if it is no live token. For ``Database.look``: every request asks it."""
    digest = _digest(text)
    row = connection.execute(select(_TOKENS).where(_TOKENS.c.digest == digest)).one_or_none()
    if row is None or not hmac.compare_digest(row.digest, digest):
        return None
    token = _token(row)
    if not token.is_live(at):
        return None
    is_use_due = token.used is None or not 0 <= at - token.used < USE_NOTED
    actor = Actor(ActorKind.TOKEN, token.id, token.holder, token.scopes, token.role.value)
    return Known(actor, is_use_due)


async def note_use(transaction: Transaction, token_id: str, at: float) -> None:
    """Write down that a token was used. No event: nothing changed by it."""
    row = await transaction.session.get(TokenRow, token_id)
    if row is not None:
        row.used = at


def _check(act: Act, wanted: Wanted) -> None:
    mistakes = list(_mistakes(act, wanted))
    if mistakes:
        raise InvalidError(mistakes)
    if act.actor.kind is not ActorKind.TOKEN:
        return
    if beyond := _good_for(wanted) - (act.actor.permissions - ONLY_ON_THE_BOX):
        raise DeniedError(
            f"A token cannot hand on {_named(beyond)}; make this one on the box with `weir tokens create`, or ask for "
            "fewer scopes"
        )


def _mistakes(act: Act, wanted: Wanted) -> Iterable[Mistake]:
    holder = wanted.holder
    if not holder.strip() or len(holder) > LONGEST_HOLDER or not holder.isprintable():
        yield Mistake(
            "holder", f"name the person or system that it is for, in 1 to {LONGEST_HOLDER} characters"
        )
    if wanted.scopes is not None and not wanted.scopes:
        yield Mistake("scopes", "is empty; name at least one, or leave it out for all of the role")
    if beyond := (wanted.scopes or frozenset()) - GRANTS[wanted.role]:
        yield Mistake("scopes", f"{_named(beyond)} is beyond the role {wanted.role}")
    if wanted.expires is not None and wanted.expires <= act.at:
        yield Mistake("expires", "lies in the past; write a time to come")


def _named(scopes: Iterable[Permission]) -> str:
    return ", ".join(sorted(scopes))


def _good_for(wanted: Wanted) -> frozenset[Permission]:
    return GRANTS[wanted.role] if wanted.scopes is None else wanted.scopes


async def _row(transaction: Transaction, token_id: str) -> TokenRow:
    is_one = _ID.fullmatch(token_id) is not None
    row = await transaction.session.get(TokenRow, token_id) if is_one else None
    if row is None:
        raise NotFoundError(f"there is no token {token_id[:40]!r}; `weir tokens list` shows all")
    return row


def _token(row: TokenRow | Row[Any]) -> Token:
    """A scope that this version does not know, or that the role no longer has, is good for nothing."""
    grants = GRANTS[Role(row.role)]
    scopes = grants if row.scopes is None else frozenset(p for p in grants if p.value in row.scopes)
    return Token(row.id, Role(row.role), scopes, row.holder, row.created, row.expires, row.used, row.revoked)


def _digest(text: str) -> str:
    # What a client sends as its token may be any bytes, which the HTTP server hands over as lone surrogates.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _person(row: TokenRow) -> Mapping[str, Detail]:
    """For whom a token is: the public log has that person's pseudonym, and nothing else of them."""
    return {"holder": row.holder, "role": row.role}


def _fingerprint(row: TokenRow) -> str:
    """What an event says of a token: everything but its digest and its last use."""
    return digest_of(
        {
            "id": row.id,
            "role": row.role,
            "scopes": row.scopes,
            "holder": row.holder,
            "created": row.created,
            "expires": row.expires,
            "revoked": row.revoked,
        }
    )
