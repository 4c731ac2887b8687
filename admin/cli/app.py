"""The verbs of ``weir`` put together."""

from __future__ import annotations

import typer

from admin.cli import (
    audit,
    check,
    config,
    lists,
    profiles,
    report,
    serve,
    subscribers,
    support,
    tokens,
    vault,
)

_HELP = """Weir, a filtering DNS appliance.

Exit status: 0 done, 1 the thing asked about failed or is blocked, 2 usage or configuration, 3 cannot tell.
"""


def build() -> typer.Typer:
    """The application with all its verbs."""
    # Plain help and plain errors: the same on a terminal, in a pipe and in a log.
    app = typer.Typer(
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    serve.register(app)
    check.register(app)
    config.register(app)
    lists.register(app)
    subscribers.register(app)
    profiles.register(app)
    tokens.register(app)
    audit.register(app)
    report.register(app)
    vault.register(app)
    support.register(app)
    return app


def run(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status. ``arguments`` are those of the process unless given."""
    try:
        build()(arguments, prog_name="weir")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    return 0
