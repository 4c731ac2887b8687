"""``weir lists hits ID``: how often a list has spoken, by hour, asked of the running control process."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from admin.cli.api import get
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import say, table

if TYPE_CHECKING:
    from admin.config import Config


def hits(
    list_id: Annotated[str, typer.Argument(metavar="ID", help="The list.")],
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> int:
    """1 if it was refused, 2 if there is no such list, 3 if control does not answer."""

    def show(checked: Config) -> int:
        found = get(checked, f"/api/v1/lists/{quote(list_id, safe='')}/hits")
        say(json.dumps(found, ensure_ascii=False, indent=2) if as_json else readable(found))
        return Exit.DONE

    return talk(config, show)


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
