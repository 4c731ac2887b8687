"""``weir lists suspend|resume|rollback|release``: what people decide about a list, through the running control process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from admin.cli.api import post
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import say

if TYPE_CHECKING:
    from admin.config import Config

_Id = Annotated[str, typer.Argument(metavar="ID", help="The list.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why; the audit log keeps it.")]
_File = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]


def suspend(
    list_id: _Id,
    reason: _Reason,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Until then (2026-10-25T01:30+02:00); by default until it is resumed."
        ),
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="So long, for example 2h.")
    ] = None,
    config: _File = None,
) -> int:
    """1 if it was refused, 2 if the list or the time is none, 3 if control does not answer."""
    from admin.services.moment import parse_moment
    from admin.services.subject import QuestionError

    body: dict[str, Any] = {"reason": reason}
    if until is not None:
        try:
            body["until"] = parse_moment(until)
        except QuestionError as error:
            raise typer.BadParameter(str(error)) from error
    if duration is not None:
        body["for"] = duration
    return decide(list_id, "suspend", body, config)


def resume(list_id: _Id, reason: _Reason, config: _File = None) -> int:
    """1 if it is neither suspended nor rolled back."""
    return decide(list_id, "resume", {"reason": reason}, config)


def rollback(
    list_id: _Id,
    reason: _Reason,
    to: Annotated[
        str,
        typer.Option(metavar="DIGEST", help="This version (12 digits or more); by default the one before."),
    ] = "",
    hold: Annotated[
        bool, typer.Option("--hold", help="Until the list is resumed, whatever the source has.")
    ] = False,
    config: _File = None,
) -> int:
    """1 if there is no such version, or its text is not kept."""
    return decide(list_id, "rollback", {"reason": reason, "version": to, "hold": hold}, config)


def release(
    list_id: _Id,
    digest: Annotated[
        str, typer.Argument(help="The digest of the held version, or its first 12 digits or more.")
    ],
    reason: _Reason = "Released on the command line.",
    config: _File = None,
) -> int:
    """1 if no version with this digest is held."""
    return decide(list_id, "release", {"reason": reason, "digest": digest}, config)


def decide(list_id: str, what: str, body: dict[str, Any], path: Path | None) -> int:
    """Ask the running control to do it, and say what came of it; the exit status: 3 if it is kept and waits."""

    def ask(config: Config) -> int:
        began = time.monotonic()
        answer = post(config, f"/api/v1/lists/{quote(list_id, safe='')}/{what}", body)
        took = time.monotonic() - began
        when = f"in force after {took:.1f} s" if answer["in_force"] else "the lists are being compiled for it"
        if answer["waits"]:
            when = f"it waits: {answer['waits']}"
        say(f"list {list_id}: {answer['message']} ({when})")
        return Exit.UNKNOWN if answer["waits"] else Exit.DONE

    return talk(path, ask)
