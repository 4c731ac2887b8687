"""``weir lists status``: how every list does, as the running control process knows it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from admin.cli.api import get
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import paragraph, say, table

if TYPE_CHECKING:
    from admin.config import Config

_HEADS = ("list", "authority", "state", "entries", "current as of", "last tried", "next attempt", "serving")
_TROUBLE = {"held", "failed"}


def status(
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is as JSON.")] = False,
) -> int:
    """1 if a list serves nothing, is too old, or its last update was held or failed; 3 if control does not answer."""

    def show(checked: Config) -> int:
        lists = get(checked, "/api/v1/stats/lists")["lists"]
        now = time.time()
        if as_json:
            say(json.dumps(lists, ensure_ascii=False, indent=2))
        else:
            say(table((_row(item, now) for item in lists), _HEADS) if lists else "no lists are configured")
            for item in lists:
                if words := _note(item):
                    say(paragraph(f"list {item['id']}: {words}"))
        return Exit.FAILED if any(map(in_trouble, lists)) else Exit.DONE

    return talk(config, show)


def in_trouble(item: Mapping[str, Any]) -> bool:
    """Whether somebody should look at a list."""
    return not item["loaded"] or item["state"] in _TROUBLE or item["age_level"] != "current"


def state_of(item: Mapping[str, Any]) -> str:
    """In one word what matters most about a list."""
    if item["suspension"] is not None:
        return "suspended"
    if item["enforced"] != "all":
        return "ended" if item["enforced"] == "nothing" else "names only"
    if item["age_level"] != "current":
        return f"old ({item['age_level']})"
    if item["fetching"]:
        return "fetching"
    return "compiling" if item["loaded"] and not item["in_force"] else str(item["state"])


def _row(item: Mapping[str, Any], now: float) -> tuple[str, ...]:
    return (
        item["id"],
        item["authority"] or "-",
        state_of(item),
        _entries(item),
        "never" if item["age"] is None else f"{ago(int(item['age']))} ago",
        "never" if item["last_attempt"] is None else f"{ago(max(0, int(now - item['last_attempt'])))} ago",
        "-" if item["next_attempt"] is None else f"in {ago(max(0, int(item['next_attempt'] - now)))}",
        _serving(item),
    )


def _entries(item: Mapping[str, Any]) -> str:
    """The number, and by what can enforce them where that is not DNS alone."""
    if item["entries"] is None:
        return "secret" if item["loaded"] else "-"
    kinds = item["dispositions"] or {}
    if set(kinds) <= {"dns"}:
        return f"{item['entries']:,}"
    parts = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
    return f"{item['entries']:,} ({parts})"


def _serving(item: Mapping[str, Any]) -> str:
    if not item["loaded"]:
        return "nothing"
    digest = "secret" if item["serving"] is None else str(item["serving"])[:12]
    return f"{digest} (rolled back)" if item["pinned"] else digest


def _note(item: Mapping[str, Any]) -> str:
    """Why it is as it is, where there is more to say than that all is well."""
    message, suspension = str(item["message"]), item["suspension"]
    if suspension is not None:
        until = "it is resumed" if suspension["until"] is None else _moment(suspension["until"])
        return f"Nothing of it is enforced until {until}, by {suspension['by']}: {suspension['reason']}"
    if in_trouble(item):
        return message
    if item["pinned"]:
        return (
            f"It was rolled back and serves an earlier version; `weir lists resume {item['id']}` ends that."
        )
    _, _, notices = message.partition(". ")  # behind the sentence on what came
    return notices


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def ago(seconds: int) -> str:
    """In the largest whole unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
