"""``weir audit private`` and ``weir audit erase``: what stands behind a leaf's commitment, shown or erased."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from admin.cli.api import ask, post
from admin.cli.documents import given, say_json
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import say

if TYPE_CHECKING:
    from admin.config import Config

_PRIVATE, _ERASURES = "/api/v1/audit/private", "/api/v1/audit/erasures"
_Reason = Annotated[str, typer.Option(help="Why; the audit log keeps it.")]
_ConfigPath = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]


def private(
    event: Annotated[int, typer.Argument(min=1, help="The number of an event (weir audit list).")],
    reason: _Reason,
    config: _ConfigPath = None,
) -> int:
    """The private part of an event with its opening, as JSON; that it was read is an event itself. 1 if it is erased."""

    def words(checked: Config) -> int:
        answer = ask(checked, "GET", f"{_PRIVATE}/{event}", None, {"Weir-Reason": quote(reason, safe=" ")})
        say_json(answer.body["items"])
        return Exit.FAILED if any(item["erased"] for item in answer.body["items"]) else Exit.DONE

    return talk(config, words)


def erase(
    reason: _Reason,
    holder: Annotated[str | None, typer.Option(help="What is kept of this person.")] = None,
    subscriber: Annotated[
        str | None, typer.Option(metavar="ID", help="What is kept of this subscriber.")
    ] = None,
    event: Annotated[int | None, typer.Option(min=1, help="What is private of this event.")] = None,
    config: _ConfigPath = None,
) -> int:
    """Two persons ask for the same within a day, and neither is the one it is about. Leaves of the log stay as they are."""

    def words(checked: Config) -> int:
        wanted = given(holder=holder, subscriber=subscriber, event=event)
        done = post(checked, _ERASURES, wanted | {"reason": reason})
        if done["waits"]:
            say("Noted. A second person must ask for the same within 24 hours; then it is erased for good.")
        else:
            say(f"Erased: {done['events']} events, {done['parts']} openings. The public log stays as it is.")
        return Exit.DONE

    return talk(config, words)
