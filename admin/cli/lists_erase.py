"""``weir lists erase``: destroy all that is kept of a list, through the running control process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from admin.cli.exits import Exit
from admin.cli.lists_decide import decide
from admin.cli.terminal import complain


def erase(
    list_id: Annotated[str, typer.Argument(metavar="ID", help="The list.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; the audit log keeps it.")],
    yes: Annotated[bool, typer.Option("--yes", help="It is meant: nothing brings it back.")] = False,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """1 if it was refused, 2 without --yes, 3 if control does not answer."""
    if not yes:
        complain(
            f"nothing was done: this destroys the key and all versions of list {list_id}, and ends its enforcement; "
            "if that is meant, say --yes"
        )
        return Exit.USAGE
    return decide(list_id, "erase", {"reason": reason}, config)
