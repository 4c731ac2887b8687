"""``weir lists ask``: whether a list, be it secret, has an entry. Recorded by the running control process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from admin.cli.api import RefusedError, UnreachableError, post
from admin.cli.exits import Exit
from admin.cli.terminal import complain, complain_of, open_config, say

LONGEST_LINE = 4_096
"""Characters read from standard input: more than any question has."""
_CANNOT = (429, 503)
"""Asked too often, or nothing to look into now: the question itself is right."""


def ask(
    list_id: Annotated[str, typer.Argument(metavar="ID", help="The list.")],
    text: Annotated[
        str,
        typer.Argument(
            metavar="NAME|URL",
            help="What is asked about; - reads it from standard input, past the shell's history.",
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the audit events.")],
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """0 it has no entry, 1 it has one, 2 the question is wrong or not allowed, 3 it cannot be answered now."""
    from admin.config import ConfigError
    from admin.control.token import TokenError

    if text == "-":
        text = sys.stdin.readline(LONGEST_LINE).strip()
    path = f"/api/v1/lists/{quote(list_id, safe='')}/ask"
    try:
        answer = post(open_config(config), path, {"text": text, "reason": reason})
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except RefusedError as error:
        complain(str(error))
        return Exit.UNKNOWN if error.status in _CANNOT else Exit.USAGE
    except (UnreachableError, TokenError) as error:
        complain(f"cannot ask: {error}")
        return Exit.UNKNOWN
    kind = answer["disposition"] or "none now, the list is suspended or too old"
    listed = f"yes; enforcement: {kind}" if answer["listed"] else "no"
    say(f"list {list_id}: {listed}")
    return Exit.FAILED if answer["listed"] else Exit.DONE
