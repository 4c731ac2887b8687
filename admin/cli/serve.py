"""``weir serve``: run the appliance or one part of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from admin.cli.exits import Exit
from admin.cli.terminal import complain_of
from admin.cli.verb import verb
from admin.services.parts import Part


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("serve", help="Run the appliance, or one part of it, until it is told to stop.")(verb(serve))


def serve(
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
    only: Annotated[Part | None, typer.Option(help="Run this part alone, as the systemd units do.")] = None,
    slot: Annotated[
        int | None, typer.Option(min=0, max=255, help="With --only resolver: which worker.")
    ] = None,
) -> int:
    """Run until stopped; the supervisor's exit status."""
    # A reload asked for before the supervisor listens must not end it; the configuration is about to be read anyway.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from admin.config import ConfigError, default_path
    from admin.supervisor import run

    if slot is not None and only is not Part.RESOLVER:
        raise typer.BadParameter("--slot names a worker; write it together with --only resolver")
    try:
        path = config or default_path(os.environ, Path.cwd())
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    return run(path, None if only is None else only.value, slot)
