"""``weir tokens create|list|revoke``: API tokens, directly in the database, whether control runs or not."""

from __future__ import annotations

import getpass
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from admin.cli.exits import Exit
from admin.cli.reasons import optional_reason
from admin.cli.terminal import complain, complain_of, open_config, say, table
from admin.cli.verb import verb

if TYPE_CHECKING:
    from admin.config import Config
    from admin.services.actors import Actor
    from admin.services.tokens import Token, Wanted
    from admin.store.database import Transaction

_T = TypeVar("_T")

_HEADS = ("token", "role", "scopes", "holder", "created", "expires", "last used", "state")
_File = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the event.")]


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(
        help="Tokens for the API. Run these as the user of control.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("create", help="Make a token and print it, once.")(verb(create))
    group.command("list", help="One line per token; never the token itself.")(verb(show))
    group.command("revoke", help="End a token at once.")(verb(revoke))
    app.add_typer(group, name="tokens")


def create(
    role: Annotated[str, typer.Option("--role", help="operator, list-manager, auditor or integration.")],
    holder: Annotated[str, typer.Option("--holder", help="The person or system that it is for.")],
    scopes: Annotated[
        str, typer.Option("--scopes", help="Fewer than the role has, with commas: lists:read,check.")
    ] = "",
    expires: Annotated[
        str, typer.Option("--expires", help="From now, for example 90d; by default never.")
    ] = "",
    reason: _Reason = "",
    config: _File = None,
) -> int:
    """The token goes to standard output alone, so that it can be piped into a file; 2 if what was asked for is wrong."""
    from admin.services.acts import Act
    from admin.services.tokens import TOKEN_BYTES, create_token

    now, said = time.time(), optional_reason(reason)
    try:
        wanted = _wanted(role, holder, scopes, expires, now)
    except ValueError as error:
        complain(str(error))
        return Exit.USAGE

    async def make(transaction: Transaction, actor: Actor) -> tuple[str, str]:
        random = secrets.token_bytes(TOKEN_BYTES)
        issued = await create_token(transaction, Act(actor, now, said), wanted, random=random)
        return issued.token.id, issued.text

    def tell(made: tuple[str, str]) -> None:
        token_id, text = made
        complain(f"token {token_id} for {wanted.holder}; it is shown this once:")
        say(text)

    return _in_database(config, make, tell)


def show(config: _File = None) -> int:
    """Times are UTC."""
    from admin.services.acts import MOST_PER_PAGE, Page
    from admin.services.tokens import list_tokens

    async def read(transaction: Transaction, actor: Actor) -> list[Token]:
        tokens: list[Token] = []
        after: str | None = ""
        while after is not None:
            part = await list_tokens(transaction, actor, Page(after, MOST_PER_PAGE))
            tokens += part.items
            after = part.after
        return tokens

    def tell(tokens: list[Token]) -> None:
        now = time.time()
        say(table([_row(token, now) for token in tokens], _HEADS) if tokens else "there are no tokens")

    return _in_database(config, read, tell)


def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `list` shows it.")],
    reason: _Reason = "",
    config: _File = None,
) -> int:
    """1 if there is no such token; control asks the database for every token, so it ends at once."""
    from admin.services.acts import Act
    from admin.services.tokens import revoke_token

    said = optional_reason(reason)

    async def end(transaction: Transaction, actor: Actor) -> Token:
        return await revoke_token(transaction, Act(actor, time.time(), said), token_id)

    return _in_database(config, end, lambda token: say(f"token {token.id} of {token.holder} is revoked"))


def _wanted(role: str, holder: str, scopes: str, expires: str, now: float) -> Wanted:
    """ValueError with what to write instead."""
    from admin.config.problems import nearest, shown
    from admin.config.values import Duration
    from admin.services.actors import Permission, Role
    from admin.services.tokens import Wanted

    if role not in set(Role):
        raise ValueError(
            f"{shown(role)} is no role{nearest(role, list(Role))}; write one of {', '.join(Role)}"
        )
    named = [word.strip() for word in scopes.split(",") if word.strip()]
    for word in named:
        if word not in set(Permission):
            known = list(Permission)
            raise ValueError(f"{shown(word)} is no scope{nearest(word, known)}; there are {', '.join(known)}")
    return Wanted(
        Role(role),
        holder,
        frozenset(map(Permission, named)) or None,
        now + Duration.parse(expires).seconds if expires else None,
    )


def _in_database(
    path: Path | None, use: Callable[[Transaction, Actor], Awaitable[_T]], tell: Callable[[_T], None]
) -> int:
    """Do something in one transaction as somebody with rights on this box, then tell of it."""
    import asyncio

    from admin.config import ConfigError
    from admin.services.errors import InvalidError, NotFoundError
    from admin.store.errors import StoreError

    try:
        checked = open_config(path)
        _check_user(checked)
        result = asyncio.run(_transacted(checked, use))
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except InvalidError as error:
        complain(str(error))
        return Exit.USAGE
    except (NotFoundError, _WrongUserError) as error:
        complain(str(error))
        return Exit.FAILED
    except StoreError as error:
        complain(f"cannot tell: {error}")
        return Exit.UNKNOWN
    tell(result)
    return Exit.DONE


async def _transacted(config: Config, use: Callable[[Transaction, Actor], Awaitable[_T]]) -> _T:
    from admin.services.actors import Actor, ActorKind
    from admin.store.address import address_of
    from admin.store.database import Database

    database = await Database.open(address_of(config))
    try:
        async with database.transaction() as transaction:
            return await use(transaction, Actor.of_the_box(ActorKind.LOCAL, getpass.getuser()))
    finally:
        await database.close()


class _WrongUserError(Exception):
    """The command runs as somebody whose files control could not write."""


def _check_user(config: Config) -> None:
    """A database file belongs to control: one that another user made would lock control out."""
    if config.admin.database is not None and config.admin.database.scheme != "sqlite":
        return
    try:
        owner = config.data_dir.stat().st_uid
    except OSError as error:
        raise _WrongUserError(f"{config.data_dir}: {error.strerror}; start the appliance once") from error
    if owner != os.geteuid():
        raise _WrongUserError(
            f"{config.data_dir} belongs to user {owner}, which control runs as; run this as that user "
            f"(sudo -u '#{owner}' weir tokens …)"
        )


def _row(token: Token, now: float) -> tuple[str, ...]:
    from admin.services.actors import GRANTS

    state = "revoked" if token.revoked is not None else "valid" if token.is_live(now) else "expired"
    scopes = "all of the role" if token.scopes == GRANTS[token.role] else ",".join(sorted(token.scopes))
    times = (_day(token.created), _day(token.expires), _day(token.used))
    return (token.id, token.role.value, scopes, token.holder, *times, state)


def _day(at: float | None) -> str:
    return "never" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
