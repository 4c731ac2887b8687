"""How the format tests read a line: short words for outcomes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from blocklists.formats import LINE_FORMATS, Found, line_parser, make_parser, rows
from blocklists.model import Action, HashedEntry, ListSource, Skip


def _word(outcome: Found) -> str:
    if isinstance(outcome, Skip):
        return f"-{outcome.reason}"
    if isinstance(outcome, HashedEntry):
        path = f" {outcome.path.hex()}/{outcome.depth}" if outcome.depth else ""
        return f"{outcome.disposition} {outcome.digest.hex()}{path}"
    action = "" if outcome.action is Action.BLOCK else f" {outcome.action}"
    return f"{outcome.scope} {outcome.name}{action}{' !' if outcome.important else ''}"


@pytest.fixture(scope="session")
def word() -> Callable[[Found], str]:
    """``scope name [action] [!]`` for an entry, ``-reason`` for a skip."""
    return _word


@pytest.fixture(scope="session")
def outcomes() -> Callable[[ListSource, str], list[str]]:
    """The outcomes of the lines, rows or items of a text, each as a word."""

    def parse(source: ListSource, text: str) -> list[str]:
        if source.format not in LINE_FORMATS:
            found = rows(make_parser(source), text.encode("utf-8", "surrogateescape"))
        else:
            parser = line_parser(source)
            found = ((number, parser.parse(line, number)) for number, line in enumerate(text.split("\n"), 1))
        return [_word(outcome) for _, outcomes in found for outcome in outcomes]

    return parse
