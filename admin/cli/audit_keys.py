"""``weir audit rotate-key|retire-key|close|confirm-clock|adopt``: what people decide about the public log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from admin.cli.api import post
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import complain, say
from admin.cli.verb import verb

if TYPE_CHECKING:
    from admin.config import Config

_LOG = "/api/v1/audit/log"
_Reason = Annotated[str, typer.Option("--reason", help="Why; the audit log keeps it.")]
_Yes = Annotated[bool, typer.Option("--yes", help="It is meant: nothing takes it back.")]
_File = Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")]


def register(group: typer.Typer) -> None:
    """Add the verbs to those of ``weir audit``."""
    group.command("rotate-key", help="Let another key sign the public log too.")(verb(rotate))
    group.command("retire-key", help="Let the older of two keys sign no more.")(verb(retire))
    group.command("close", help="End the public log and begin another.")(verb(close))
    group.command("confirm-clock", help="This box was off for long, and its clock is right.")(verb(confirm))
    group.command("adopt", help="Go on with the public log in a data folder that was copied.")(verb(adopt))


def rotate(reason: _Reason, config: _File = None) -> int:
    """1 if two keys sign already."""
    return _decide("rotate-key", {"reason": reason}, config)


def retire(
    reason: _Reason,
    now: Annotated[bool, typer.Option("--now", help="Not only after 30 days with both keys.")] = False,
    config: _File = None,
) -> int:
    """1 if one key alone signs, 2 without --now."""
    if not now:
        complain(
            "nothing was done: the older key is retired by itself after 30 days; if it is to be now, say --now"
        )
        return Exit.USAGE
    return _decide("retire-key", {"reason": reason}, config)


def close(
    reason: _Reason,
    compromised: Annotated[
        bool, typer.Option("--compromised", help="The key may be in other hands: nobody is to trust it.")
    ] = False,
    yes: _Yes = False,
    config: _File = None,
) -> int:
    """1 if it cannot be ended now, 2 without --yes."""
    if not yes:
        complain(
            "nothing was done: whoever checks the log needs the key of the next one; if that is meant, say --yes"
        )
        return Exit.USAGE
    return _decide("close", {"reason": reason, "compromised": compromised}, config)


def confirm(reason: _Reason, config: _File = None) -> int:
    """0: the log goes on."""
    return _decide("confirm-clock", {"reason": reason}, config)


def adopt(reason: _Reason, yes: _Yes = False, config: _File = None) -> int:
    """2 without --yes."""
    if not yes:
        complain(
            "nothing was done: if the folder that this one was copied from goes on too, there are two histories, and whoever "
            "sees both can prove it; if it runs no more, say --yes"
        )
        return Exit.USAGE
    return _decide("adopt", {"reason": reason}, config)


def _decide(action: str, sent: dict[str, Any], config: Path | None) -> int:
    def words(checked: Config) -> int:
        done = post(checked, f"{_LOG}/{action}", sent)
        say(": ".join(part for part in (done["message"], done["vkey"] or done["origin"]) if part))
        return Exit.DONE

    return talk(config, words)
