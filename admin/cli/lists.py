"""``weir lists …``: the verbs about lists put together; each has a file of its own or shares one with its kin."""

from __future__ import annotations

import typer

from admin.cli.lists_ask import ask
from admin.cli.lists_certify import certify
from admin.cli.lists_decide import release, resume, rollback, suspend
from admin.cli.lists_diff import diff, review, versions
from admin.cli.lists_edit import edit
from admin.cli.lists_erase import erase
from admin.cli.lists_hits import hits
from admin.cli.lists_preview import held, preview
from admin.cli.lists_selftest import selftest
from admin.cli.lists_status import status
from admin.cli.lists_sync import sync
from admin.cli.verb import verb


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(help="The life of lists.", no_args_is_help=True, rich_markup_mode=None)
    for name, function, words in (
        ("status", status, "One line per list: what serves, since when; below, what went wrong."),
        ("sync", sync, "Update lists now and wait until that is in force."),
        ("versions", versions, "The versions of a list that can serve again."),
        ("diff", diff, "What a version of a list changed."),
        ("review", review, "Entries that are to be looked at again."),
        ("suspend", suspend, "Enforce nothing of a list, at once."),
        ("resume", resume, "End the suspension and the rollback of a list."),
        ("rollback", rollback, "Let an earlier version of a list serve."),
        ("release", release, "Let a version serve that the gates hold back."),
        ("selftest", selftest, "Ask for the lists' canaries now, end to end, and say what came."),
        (
            "certify",
            certify,
            "What was tested and enforced of a list in a quarter, as JSON or a page to print.",
        ),
        ("erase", erase, "Destroy all that is kept of a list, for good; two persons must ask for it."),
        ("ask", ask, "Ask whether a list, be it secret, has an entry: with a reason, and recorded."),
        ("held", held, "Why a version of a list waits, and what to do."),
        ("preview", preview, "What a version that does not serve would do."),
        ("hits", hits, "How often a list has spoken, by hour; single hits are not told."),
        ("edit", edit, "Add or remove single entries; they hold for later versions of the list too."),
    ):
        group.command(name, help=words)(verb(function))
    app.add_typer(group, name="lists")
