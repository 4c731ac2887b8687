"""``weir lists …``: the verbs about lists put together; each has a file of its own or shares one with its kin."""

from __future__ import annotations

import typer

from admin.cli.lists_ask import ask
from admin.cli.lists_decide import release, resume, rollback, suspend
from admin.cli.lists_edit import edit
from admin.cli.lists_erase import erase
from admin.cli.lists_status import status
from admin.cli.lists_sync import sync
from admin.cli.verb import verb


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(help="The life of lists.", no_args_is_help=True, rich_markup_mode=None)
    for name, function, words in (
        ("status", status, "One line per list: what serves, since when, and what went wrong."),
        ("sync", sync, "Update lists now and wait until that is in force."),
        ("suspend", suspend, "Enforce nothing of a list, at once."),
        ("resume", resume, "End the suspension and the rollback of a list."),
        ("rollback", rollback, "Let an earlier version of a list serve."),
        ("release", release, "Let a version serve that the gates hold back."),
        ("erase", erase, "Destroy all that is kept of a list, for good; two persons must ask for it."),
        ("ask", ask, "Ask whether a list, be it secret, has an entry: with a reason, and recorded."),
        ("edit", edit, "Add or remove single entries; they hold for later versions of the list too."),
    ):
        group.command(name, help=words)(verb(function))
    app.add_typer(group, name="lists")
