"""``weir lists versions|diff|review``: what is kept of a list, what a version changed, what is to be looked at again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

import typer

from admin.cli.api import get
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import say, table

if TYPE_CHECKING:
    from admin.config import Config

_Id = Annotated[str, typer.Argument(metavar="ID", help="The list.")]
_File = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]
_Json = Annotated[bool, typer.Option("--json", help="Print what control says as JSON.")]
_VERSION_HEADS = ("version", "accepted", "entries", "added", "removed", "serves", "text")
_DIGEST = 12


def versions(list_id: _Id, config: _File = None, as_json: _Json = False) -> int:
    """2 if there is no such list, 3 if control does not answer."""

    def show(checked: Config) -> int:
        found = get(checked, _path(list_id, "versions"))["versions"]
        if as_json:
            say(json.dumps(found, indent=2))
        else:
            say(table(map(_version_row, found), _VERSION_HEADS) if found else "no version is kept")
        return Exit.DONE

    return talk(config, show)


def diff(
    list_id: _Id,
    before: Annotated[
        str, typer.Argument(metavar="[A]", help="A version; by default the one before B.")
    ] = "",
    after: Annotated[
        str, typer.Argument(metavar="[B]", help="A version; by default the one that serves.")
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="All names, not the first thousand each way.")
    ] = False,
    config: _File = None,
    as_json: _Json = False,
) -> int:
    """1 if there is no such version or its text is not kept. Of a secret list numbers only."""
    asked = {"before": before, "after": after, "all": "true" if everything else ""}
    given = urlencode({name: value for name, value in asked.items() if value})

    def show(checked: Config) -> int:
        found = get(checked, f"{_path(list_id, 'diff')}?{given}")
        say(json.dumps(found, ensure_ascii=False, indent=2) if as_json else "\n".join(_told(found)))
        return Exit.DONE

    return talk(config, show)


def review(
    list_id: _Id,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    config: _File = None,
    as_json: _Json = False,
) -> int:
    """1 if the list has no such queue."""

    def show(checked: Config) -> int:
        items = _first(checked, list_id, limit)
        if as_json:
            say(json.dumps(items, ensure_ascii=False, indent=2))
        elif items:
            rows = ((item["name"], item["scope"], _since(item["since"])) for item in items)
            say(table(rows, ("entry", "scope", "listed since")))
        else:
            say(f"list {list_id}: nothing is to be looked at again")
        return Exit.DONE

    return talk(config, show)


def _first(config: Config, list_id: str, limit: int) -> Sequence[dict[str, Any]]:
    """Pages may be short although others follow."""
    items: list[dict[str, Any]] = []
    path: str | None = f"{_path(list_id, 'review')}?limit={min(limit, 1000)}"
    while path is not None and len(items) < limit:
        page = get(config, path)
        items += page["items"]
        path = page["next"]
    return items[:limit]


def _path(list_id: str, what: str) -> str:
    return f"/api/v1/lists/{quote(list_id, safe='')}/{what}"


def _version_row(item: dict[str, Any]) -> tuple[str, ...]:
    return (
        item["digest"][:_DIGEST],
        "-" if item["accepted"] is None else _moment(item["accepted"]),
        _number(item["entries"], "secret"),
        _number(item["added"]),
        _number(item["removed"]),
        "yes" if item["serves"] else "",
        "kept" if item["text_kept"] else "not kept",
    )


def _told(found: dict[str, Any]) -> Iterator[str]:
    what = f"list {found['list']}: {found['before'][:_DIGEST]} to {found['after'][:_DIGEST]}"
    if found["added"] is None:
        yield f"{what}: too much changed to tell"
        return
    yield f"{what}: {found['added']:,} added, {found['removed']:,} removed"
    names = found["names"]
    if names is None:
        return
    yield from (f"+ {_shown(item)}" for item in names["added"])
    yield from (f"- {_shown(item)}" for item in names["removed"])
    if not names["complete"]:
        yield "… and more: --all shows them"


def _shown(item: dict[str, str]) -> str:
    name = "".join(char if char.isprintable() else "\ufffd" for char in item["name"])
    return name if item["scope"] == "domain" else f"{name} ({item['scope']})"


def _since(since: dict[str, Any]) -> str:
    version = f", version {since['version'][:_DIGEST]}" if since["version"] else ""
    return f"{_moment(since['at'])}{version}{'' if since['exact'] else ' or before'}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _number(value: int | None, without: str = "-") -> str:
    return without if value is None else f"{value:,}"
