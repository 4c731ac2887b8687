"""How the format tests read a line: short words for outcomes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from blocklists.formats import Outcome, line_parser
from blocklists.model import Action, ListSource, Skip


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Skip):
        return f"-{outcome.reason}"
    action = "" if outcome.action is Action.BLOCK else f" {outcome.action}"
    return f"{outcome.scope} {outcome.name}{action}{' !' if outcome.important else ''}"


@pytest.fixture(scope="session")
def word() -> Callable[[Outcome], str]:
    """``scope name [action] [!]`` for an entry, ``-reason`` for a skip."""
    return _word


@pytest.fixture(scope="session")
def outcomes() -> Callable[[ListSource, str], list[str]]:
    """The outcomes of the lines of a text, each as a word."""

    def parse(source: ListSource, text: str) -> list[str]:
        parser = line_parser(source)
        lines = text.split("\n")
        return [_word(found) for number, line in enumerate(lines, 1) for found in parser.parse(line, number)]

    return parse
