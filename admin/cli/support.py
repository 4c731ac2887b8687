"""``weir support-bundle``: a file for those who help, without anything confidential."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from admin.cli.exits import Exit
from admin.cli.terminal import complain, complain_of, open_config, say
from admin.cli.verb import verb


def register(app: typer.Typer) -> None:
    """Add the verb."""
    words = "Write what helpers need into a file: no entries, no keys, nobody's names."
    app.command("support-bundle", help=words)(verb(support_bundle))


def support_bundle(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file, for example weir-support.tar.gz.")
    ],
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """2 for a configuration that cannot be used, 3 if the file cannot be written."""
    from admin.config import ConfigError
    from admin.services.bundle import write_bundle

    try:
        names = write_bundle(open_config(config), file, time.time())
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except OSError as error:
        complain(f"{file}: {error.strerror or error}; name a new file in a folder with room")
        return Exit.UNKNOWN
    say(f"{file}: {', '.join(names)}. Read it before you send it.")
    return Exit.DONE
