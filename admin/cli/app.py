"""The verbs of ``weir`` put together, and the one place where a mistake of the user becomes words and a status."""

from __future__ import annotations

import os
import sys

import click
import typer

from admin.cli import check, config, lists, serve
from admin.cli.exits import Exit
from admin.cli.terminal import complain

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
    return app


def run(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status. ``arguments`` are those of the process unless given."""
    command = typer.main.get_command(build())
    try:
        result = command.main(arguments, prog_name="weir", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return int(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        return int(Exit.FAILED)
    except BrokenPipeError:
        _drop_output()
        return int(Exit.DONE)
    return result if isinstance(result, int) else int(Exit.DONE)


def _drop_output() -> None:
    """The reader of the output is gone (``weir … | head``): let the interpreter's last flush go nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
