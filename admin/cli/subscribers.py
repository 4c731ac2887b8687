"""``weir subscribers list|show|set|remove``: who has which profile, through the running control process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli.api import get
from admin.cli.documents import address, every, given, listed, remove_one, say_json, set_one
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import say, table
from admin.cli.verb import verb

if TYPE_CHECKING:
    from admin.config import Config

_PATH = "/api/v1/subscribers"
_HEADS = ("subscriber", "profile", "addresses", "own rules", "paused", "declared in")
_Id = Annotated[str, typer.Argument(metavar="ID", help="The subscriber.")]
_File = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the event.")]
_Json = Annotated[bool, typer.Option("--json", help="Print all there is as JSON.")]
_Names = list[str] | None


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(help="Who has which profile.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list", help="One line per subscriber.")(verb(show_all))
    group.command("show", help="All about one subscriber.")(verb(show))
    group.command("set", help="Add a subscriber, or change what is named.")(verb(set_))
    group.command("remove", help="Take a subscriber away.")(verb(remove))
    app.add_typer(group, name="subscribers")


def show_all(config: _File = None, as_json: _Json = False) -> int:
    """Those of the file and those of the database."""

    def words(checked: Config) -> int:
        items = list(every(checked, _PATH))
        rows = (
            (
                item["id"],
                item["profile"],
                listed(item["addresses"]),
                str(len(item["allow"]) + len(item["deny"])),
                "yes" if item["paused"] else "no",
                item["declared_in"],
            )
            for item in items
        )
        if as_json:
            say_json(items)
        else:
            say(table(rows, _HEADS) if items else "there are no subscribers")
        return Exit.DONE

    return talk(config, words)


def show(subscriber: _Id, config: _File = None) -> int:
    """As JSON; 2 if there is none."""

    def words(checked: Config) -> int:
        say_json(get(checked, address(_PATH, subscriber)))
        return Exit.DONE

    return talk(config, words)


def set_(
    subscriber: _Id,
    profile: Annotated[str | None, typer.Option(help="The profile.")] = None,
    addresses: Annotated[
        _Names, typer.Option("--address", help="An address or network. May be repeated; replaces all.")
    ] = None,
    allow: Annotated[
        _Names, typer.Option(metavar="NAME", help="Allow this name. May be repeated; replaces all.")
    ] = None,
    deny: Annotated[
        _Names, typer.Option(metavar="NAME", help="Block this name. May be repeated; replaces all.")
    ] = None,
    paused: Annotated[
        bool | None, typer.Option("--paused/--no-paused", help="Block everything but protected names.")
    ] = None,
    reason: _Reason = "",
    config: _File = None,
) -> int:
    """0 when it is in force, 3 if it is kept and waits; a new subscriber needs a profile and an address."""
    keys = given(profile=profile, addresses=addresses, allow=allow, deny=deny, paused=paused)
    if not keys:
        raise typer.BadParameter("name something to set, for example --profile strict")

    def words(checked: Config) -> int:
        return set_one(checked, _PATH, subscriber, keys, reason)

    return talk(config, words)


def remove(subscriber: _Id, reason: _Reason = "", config: _File = None) -> int:
    """0 when it is no longer in force, 3 if that is kept and waits."""

    def words(checked: Config) -> int:
        return remove_one(checked, _PATH, subscriber, reason)

    return talk(config, words)
