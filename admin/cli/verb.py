"""How a verb's function becomes a command: its return value is the exit status."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec

import typer

from admin.cli.exits import Exit

_P = ParamSpec("_P")


def verb(function: Callable[_P, int]) -> Callable[_P, NoReturn]:
    """End the command with the status that ``function`` returns. Output that nobody reads any more is no failure."""

    @functools.wraps(function)
    def command(*args: _P.args, **kwargs: _P.kwargs) -> NoReturn:
        try:
            status = function(*args, **kwargs)
        except BrokenPipeError:  # weir … | head
            _drop_output()
            status = Exit.DONE
        raise typer.Exit(int(status))

    return command


def _drop_output() -> None:
    """Let the interpreter's last flush go nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
