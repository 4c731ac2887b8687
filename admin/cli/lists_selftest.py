"""``weir lists selftest``: ask for the canaries now, through the running control process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from admin.cli.api import get, post
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import complain, say, table

if TYPE_CHECKING:
    from admin.config import Config

_HEADS = ("list", "transport", "address", "outcome", "took", "says")
_Report = Mapping[str, Any]


def selftest(
    list_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Lists; by default all that have a canary."),
    ] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """1 if a canary is not enforced somewhere, 2 if there is no such list, 3 if of a list nothing can be told."""

    def test(checked: Config) -> int:
        wanted = list_ids or with_canary(checked)
        if not wanted:
            complain("no list has a canary; set `canary` of a list to a harmless name of yours")
            return Exit.UNKNOWN
        reports = [post(checked, f"/api/v1/lists/{quote(item, safe='')}/selftest") for item in wanted]
        say(table(_rows(reports), _HEADS))
        return _status([str(report["state"]) for report in reports])

    return talk(config, test)


def with_canary(config: Config) -> list[str]:
    """The ids of the lists that have a canary. The errors of ``admin.cli.api``."""
    found: list[str] = []
    path: str | None = "/api/v1/lists?limit=1000"
    while path is not None:
        page = get(config, path)
        found += [str(item["id"]) for item in page["items"] if item.get("canary")]
        path = page["next"]
    return found


def _status(states: Sequence[str]) -> int:
    if "failing" in states:
        return Exit.FAILED
    return Exit.UNKNOWN if "unknown" in states else Exit.DONE


def _rows(reports: Sequence[_Report]) -> Iterator[tuple[str, ...]]:
    for report in reports:
        for probe in report["probes"]:
            yield (
                report["list"],
                probe["transport"] or "-",
                probe["target"] or "-",
                probe["outcome"],
                f"{probe['seconds'] * 1000:.0f} ms" if probe["transport"] else "-",
                probe["words"],
            )
