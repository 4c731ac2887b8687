"""``weir lists sync``: update lists now, and watch until what came of it is in force."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from admin.cli.api import get, post
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import complain, paragraph, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from admin.config import Config

_PATH = "/api/v1/stats/lists"
POLL = 0.3
"""Seconds between looks at how it goes."""
_BAD = {"held", "failed"}
_Status = Mapping[str, Any]


def sync(
    list_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Lists; by default all.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the end of it.")] = 600.0,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """1 if a list could not be updated or is held back, 2 if there is no such list, 3 if it is not in force in time."""

    def update(checked: Config) -> int:
        wanted = list_ids or [item["id"] for item in get(checked, _PATH)["lists"]]
        attempts = {list_id: _begin(checked, list_id) for list_id in wanted}
        ended = _watch(checked, attempts, timeout)
        for list_id in wanted:
            if list_id in ended:
                say(paragraph(f"list {list_id}: {ended[list_id]['state']}: {ended[list_id]['message']}"))
            else:
                complain(
                    f"list {list_id}: not done after {timeout:.0f} s; it goes on, see `weir lists status`"
                )
        if len(ended) < len(attempts):
            return Exit.UNKNOWN
        return Exit.FAILED if any(item["state"] in _BAD for item in ended.values()) else Exit.DONE

    return talk(config, update)


def _begin(config: Config, list_id: str) -> int:
    return int(post(config, f"/api/v1/lists/{quote(list_id, safe='')}/sync")["attempt"])


def _watch(config: Config, attempts: Mapping[str, int], timeout: float) -> dict[str, _Status]:
    """The status of every list whose update has ended and is in force, as far as that happens in time."""
    end = time.monotonic() + timeout
    with _progress() as progress:
        tasks = {list_id: progress.add_task(list_id, total=3, says="fetching") for list_id in attempts}
        ended: dict[str, _Status] = {}
        told = ""
        while len(ended) < len(attempts) and time.monotonic() < end:
            said = get(config, _PATH)
            for item in said["lists"]:
                if item["id"] in attempts:
                    _look(item, attempts[item["id"]], progress, tasks[item["id"]], ended)
            if len(ended) < len(attempts) and said["waits"] not in ("", told):
                told = said["waits"]
                complain(f"what is new is kept, and waits to come into force: {told}")
            if len(ended) < len(attempts):
                time.sleep(POLL)
    return ended


def _look(item: _Status, attempt: int, progress: Progress, task: TaskID, ended: dict[str, _Status]) -> None:
    if item["attempts"] < attempt:
        return
    if item["in_force"] or item["state"] in _BAD:
        progress.update(task, completed=3, says=item["state"])
        ended[item["id"]] = item
    else:
        progress.update(task, completed=1, says="compiling")


def _progress() -> Progress:
    """Bars on standard error for a person who watches; nothing for a program that reads."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[says]}"))
    return Progress(
        *columns,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
