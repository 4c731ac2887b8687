"""Words on the terminal: plain tables, colour only for a person at a terminal who has not declined it."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from admin.config import Config, ConfigError


_LONGEST_LINE = 120
"""Characters; longer lines of prose are hard to read, however wide the terminal is."""


def say(text: str = "") -> None:
    """One text on standard output."""
    typer.echo(text)


def complain(text: str) -> None:
    """One text on standard error, with the program's name; what others wrote in it gives no orders to the terminal."""
    typer.echo("\n".join(map(_one_line, f"weir: {text}".split("\n"))), err=True)


def coloured(text: str, colour: str) -> str:
    """The text in a colour, unless NO_COLOR is set (no-color.org) or the output is no terminal."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return text if plain else typer.style(text, fg=colour, bold=True)


def table(rows: Iterable[Sequence[str]], heads: Sequence[str] = ()) -> str:
    """Columns as wide as their widest cell, two blanks apart; the last one is not padded."""
    lines = [[_one_line(cell) for cell in row] for row in ([heads] if heads else []) + list(rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def paragraph(text: str) -> str:
    """A long sentence in lines that fit the terminal, those after the first indented; one line for a program that reads."""
    if not sys.stdout.isatty():
        return _one_line(text)
    width = min(shutil.get_terminal_size().columns, _LONGEST_LINE)
    return textwrap.fill(
        _one_line(text), width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def open_config(path: Path | None) -> Config:
    """The configuration at ``path``, or where it is looked for; ConfigError if it cannot be used."""
    from admin.config import default_path, load

    return load(path or default_path(os.environ, Path.cwd()))


def complain_of(error: ConfigError) -> None:
    """Every problem of a configuration on standard error, one line each, without the program's name in the way."""
    for problem in error.problems:
        typer.echo(str(problem), err=True)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in text)
