"""``weir profiles list|show|set|remove``: what people can be given, through the running control process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from admin.cli.api import get
from admin.cli.documents import address, every, given, listed, remove_one, say_json, set_one
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import say, table
from admin.cli.verb import verb

if TYPE_CHECKING:
    from admin.config import Config

_PATH = "/api/v1/profiles"
_HEADS = ("profile", "title", "blocks", "declared in")
_Id = Annotated[str, typer.Argument(metavar="ID", help="The profile.")]
_File = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the event.")]
_Json = Annotated[bool, typer.Option("--json", help="Print all there is as JSON.")]
_Names = list[str] | None


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(help="What people can be given.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list", help="One line per profile.")(verb(show_all))
    group.command("show", help="All about one profile.")(verb(show))
    group.command("set", help="Add a profile, or change what is named.")(verb(set_))
    group.command("remove", help="Take a profile away that nobody has.")(verb(remove))
    app.add_typer(group, name="profiles")


def show_all(config: _File = None, as_json: _Json = False) -> int:
    """Those of the file and those of the database."""

    def words(checked: Config) -> int:
        items = list(every(checked, _PATH))
        rows = ((item["id"], item["title"], listed(item["block"]), item["declared_in"]) for item in items)
        if as_json:
            say_json(items)
        else:
            say(table(rows, _HEADS) if items else "there are no profiles")
        return Exit.DONE

    return talk(config, words)


def show(profile: _Id, config: _File = None) -> int:
    """As JSON; 2 if there is none."""

    def words(checked: Config) -> int:
        say_json(get(checked, address(_PATH, profile)))
        return Exit.DONE

    return talk(config, words)


def set_(
    profile: _Id,
    title: Annotated[str | None, typer.Option(help="What people see as its name.")] = None,
    block: Annotated[
        _Names, typer.Option(metavar="CATEGORY", help="Block this. May be repeated; replaces all.")
    ] = None,
    keys: Annotated[
        str, typer.Option("--keys", metavar="JSON", help='Any keys: {"safe_search": true, "allow": []}.')
    ] = "{}",
    reason: _Reason = "",
    config: _File = None,
) -> int:
    """0 when it is in force, 3 if it is kept and waits. `weir config reference` explains the keys."""
    wanted = _object(keys) | given(title=title, block=block)

    def words(checked: Config) -> int:
        return set_one(checked, _PATH, profile, wanted, reason)

    return talk(config, words)


def remove(profile: _Id, reason: _Reason = "", config: _File = None) -> int:
    """0 when it is gone, 3 if that is kept and waits; 1 while somebody has it."""

    def words(checked: Config) -> int:
        return remove_one(checked, _PATH, profile, reason)

    return talk(config, words)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"--keys is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter('--keys is a JSON object, for example {"safe_search": true}')
    return value
