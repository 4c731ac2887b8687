"""``weir lists edit``: single entries of a list, through the running control process, which alone writes them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from admin.cli.api import RefusedError, UnreachableError, post
from admin.cli.exits import Exit
from admin.cli.terminal import complain, complain_of, open_config, say

_UNAVAILABLE = 503
"""Control could not keep the edits: nothing is wrong with them."""


class EntryScope(StrEnum):
    """How far the entries of one command reach."""

    HOST = "host"
    DOMAIN = "domain"
    WILDCARD = "wildcard"
    ADDRESS = "address"


def edit(
    list_id: Annotated[str, typer.Argument(metavar="ID", help="The list.")],
    add: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="List this name. May be repeated.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="List this name no longer. May be repeated.")
    ] = None,
    take_back: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="As the list's own text says. May be repeated.")
    ] = None,
    scope: Annotated[
        EntryScope | None,
        typer.Option(help="How far the names reach; default: as the list's own bare names."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the event.")] = "",
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """1 if an entry is not taken, and then none is; 3 if control does not answer or cannot keep the edits."""
    from admin.config import ConfigError
    from admin.control.token import TokenError

    asked = {"add": add, "remove": remove, "take_back": take_back}
    body = {what: [_entry(name, scope) for name in names] for what, names in asked.items() if names}
    if not body:
        raise typer.BadParameter("name at least one entry: --add NAME, --remove NAME or --take-back NAME")
    try:
        answer = post(open_config(config), f"/api/v1/lists/{quote(list_id, safe='')}/entries", body, reason)
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except RefusedError as error:
        complain(str(error))
        return Exit.UNKNOWN if error.status == _UNAVAILABLE else Exit.FAILED
    except (UnreachableError, TokenError) as error:
        complain(f"cannot edit: {error}")
        return Exit.UNKNOWN
    say(_told(list_id, sum(map(len, body.values())), answer))
    return Exit.UNKNOWN if answer["waits"] else Exit.DONE


def _entry(name: str, scope: EntryScope | None) -> dict[str, str]:
    return {"name": name} if scope is None else {"name": name, "scope": scope.value}


def _told(list_id: str, asked: int, answer: dict[str, Any]) -> str:
    later = asked - int(answer["in_force"])
    known = f"list {list_id}: {asked} kept, {answer['in_force']} in force now, {len(answer['edits'])} edits hold in all"
    if answer["waits"]:
        return f"{known}; the rest waits: {answer['waits']}"
    return f"{known}; the lists are being compiled for the rest" if later or answer["compiling"] else known
