"""``weir audit``: the group of its verbs, and ``list``: what happened, through the running control process."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli import audit_keys
from admin.cli.audit_blocked import WORDS, blocked
from admin.cli.audit_diff import diff
from admin.cli.audit_export import export
from admin.cli.audit_open import CHALLENGE_WORDS, OPEN_WORDS, OPENINGS_WORDS, challenge, open_list, openings
from admin.cli.audit_private import erase, private
from admin.cli.audit_proofs import check, prove
from admin.cli.audit_recompute import RECOMPUTE_WORDS, recompute
from admin.cli.audit_text import TEXT_WORDS, text
from admin.cli.audit_verify import verify
from admin.cli.documents import every, given, say_json
from admin.cli.exits import Exit
from admin.cli.talking import talk
from admin.cli.terminal import say, table
from admin.cli.verb import verb

if TYPE_CHECKING:
    from admin.config import Config

_PATH = "/api/v1/audit"
_HEADS = ("event", "leaf", "at", "what", "of", "by", "reason")
_MOST = 100_000
"""Events that are printed at once; more are asked for with --since."""


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(help="What happened.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list", help="The events, oldest first.")(verb(show_all))
    group.command("export", help="The events as lines for other systems.")(verb(export))
    group.command("private", help="What is private of an event, with its opening.")(verb(private))
    group.command("erase", help="Erase what events keep of people.")(verb(erase))
    group.command("open", help=OPEN_WORDS)(verb(open_list))
    group.command("openings", help=OPENINGS_WORDS)(verb(openings))
    group.command("challenge", help=CHALLENGE_WORDS)(verb(challenge))
    group.command("recompute", help=RECOMPUTE_WORDS)(verb(recompute))
    group.command("blocked", help=WORDS)(verb(blocked))
    group.command("text", help=TEXT_WORDS)(verb(text))
    # The verifier reads its own arguments: whoever knows it knows this verb.
    raw = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    group.command("verify", help="Check a public log, or a copy of it.", context_settings=raw)(verb(verify))
    group.command("prove", help="Write the proof of a leaf, or that the log goes on.")(verb(prove))
    group.command("check", help="Check such a proof.")(verb(check))
    group.command("diff", help="Compare two copies of the log, or checkpoints.")(verb(diff))
    audit_keys.register(group)
    app.add_typer(group, name="audit")


def show_all(
    kind: Annotated[str | None, typer.Option(help="list.synced, or list for all of lists.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="ID", help="Of this list, profile, …")] = None,
    actor: Annotated[str | None, typer.Option(help="By this token, system user or holder.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From this time on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before this time.")] = None,
    public: Annotated[
        bool | None, typer.Option("--public/--not-public", help="Which the public log tells, or the others.")
    ] = None,
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all there is as JSON.")] = False,
) -> int:
    """0 also when nothing happened."""
    told = None if public is None else str(public).lower()
    only = given(kind=kind, subject=subject, actor=actor, since=since, until=until, public=told)

    def words(checked: Config) -> int:
        events = list(islice(every(checked, _PATH, only), _MOST))
        rows = (
            (
                str(event["sequence"]),
                "" if event["index"] is None else str(event["index"]),
                datetime.fromtimestamp(event["at"], UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
                event["kind"],
                event["subject"],
                event["holder"] or event["actor_id"],
                event["reason"],
            )
            for event in events
        )
        if as_json:
            say_json(events)
        else:
            say(table(rows, _HEADS) if events else "no such event")
        return Exit.DONE

    return talk(config, words)
