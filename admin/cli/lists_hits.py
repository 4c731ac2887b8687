"""``weir lists hits ID``: how often a list has spoken, by hour, asked of the running control process."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from admin.cli.exits import Exit
from admin.cli.terminal import complain, complain_of, open_config, say, table


def hits(
    list_id: Annotated[str, typer.Argument(metavar="ID", help="The list.")],
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> int:
    """2 if there is no such list; 3 if control cannot be asked."""
    from admin.cli.api import RefusedError, UnreachableError, get
    from admin.config import ConfigError
    from admin.control.token import TokenError

    try:
        found = get(open_config(config), f"/api/v1/lists/{list_id}/hits")
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except RefusedError as error:
        complain(str(error))
        return Exit.USAGE if error.status == 404 else Exit.UNKNOWN
    except (UnreachableError, TokenError) as error:
        complain(f"cannot tell: {error}")
        return Exit.UNKNOWN
    say(json.dumps(found, ensure_ascii=False, indent=2) if as_json else readable(found))
    return Exit.DONE


def readable(found: dict[str, Any]) -> str:
    """The answer of the API as tables."""
    floor = found["floor"]
    rows = [
        (_time(hour["since"]), action, f"fewer than {floor}" if count is None else str(count))
        for hour in found["hours"]
        for action, count in hour["hits"].items()
    ]
    parts = [
        table(rows, ("hour", "what the list asked for", "hits"))
        if rows
        else "no hits since control has started"
    ]
    if found["shared_categories"]:
        parts.append(
            f"Plain entries are counted by category; other lists feed {', '.join(found['shared_categories'])} as well."
        )
    if found["recent"]:
        recent = [
            (_time(hit["at"]), hit["name"], str(hit["qtype"]), hit["action"]) for hit in found["recent"]
        ]
        parts.append(table(recent, ("time", "name asked for", "type", "action")))
    return "\n\n".join(parts)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
