"""``weir serve``: run the appliance or one part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from admin.cli.serving import LAST_SLOT, Asked, start
from admin.cli.verb import verb
from admin.services.parts import Part


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("serve", help="Run the appliance, or one part of it, until it is told to stop.")(verb(serve))


def serve(
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
    only: Annotated[Part | None, typer.Option(help="Run this part alone, as the systemd units do.")] = None,
    slot: Annotated[
        int | None, typer.Option(min=0, max=LAST_SLOT, help="With --only resolver: which worker.")
    ] = None,
) -> int:
    """Run until stopped; the supervisor's exit status."""
    if slot is not None and only is not Part.RESOLVER:
        raise typer.BadParameter("--slot names a worker; write it together with --only resolver")
    return start(Asked(config, only, slot))
