"""``weir config check|show|reference``: the configuration file, validated, printed, explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from admin.cli.exits import Exit
from admin.cli.terminal import complain_of, open_config, say
from admin.cli.verb import verb

_File = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(
        help="Check, show or explain the configuration.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("check", help="Name every mistake with file and line.")(verb(check))
    group.command("show", help="Print what is in force, defaults included.")(verb(show))
    group.command("reference", help="Print the manual: every key with an example (Markdown).")(
        verb(reference)
    )
    app.add_typer(group, name="config")


def check(config: _File = None) -> int:
    """1 if anything is wrong."""
    from admin.config import ConfigError

    try:
        checked = open_config(config)
    except ConfigError as error:
        complain_of(error)
        return Exit.FAILED
    say(
        f"{checked.path}: in order ({len(checked.lists)} lists, {len(checked.profiles)} profiles, "
        f"{len(checked.subscribers)} subscribers)"
    )
    return Exit.DONE


def show(config: _File = None) -> int:
    """YAML that gives the same configuration when it is read again."""
    from admin.config import ConfigError
    from admin.config.printing import effective

    try:
        say(effective(open_config(config)).rstrip())
    except ConfigError as error:
        complain_of(error)
        return Exit.FAILED
    return Exit.DONE


def reference() -> int:
    """The manual."""
    from admin.config.manual import reference as manual

    say(manual().rstrip())
    return Exit.DONE
