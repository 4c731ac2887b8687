"""Tokens: what one list says at one name, as a small number that the native builder can keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from blocklists.model import Action, Scope

STOP = 0
"""The token that ends a look-up: the other tokens beside it already count in everything above."""


@dataclass(frozen=True, slots=True)
class Token:
    """List number ``list`` (its place in the configuration) asks for ``action`` with a certain reach."""

    list: int
    scope: Scope
    action: Action = Action.BLOCK
    important: bool = False


class TokenTable:
    """Numbers for tokens, from 1, in order of first use."""

    def __init__(self) -> None:
        self._numbers: dict[Token, int] = {}
        self._tokens: list[Token] = []

    def number(self, token: Token) -> int:
        """The number of a token, given out at first use."""
        number = self._numbers.get(token)
        if number is None:
            self._tokens.append(token)
            number = self._numbers[token] = len(self._tokens)
        return number

    def __iter__(self) -> Iterator[Token]:
        """All tokens in the order of their numbers."""
        return iter(self._tokens)

    def token(self, number: int) -> Token:
        """The token of a number other than STOP."""
        return self._tokens[number - 1]

    def tokens(self, numbers: Iterable[int]) -> list[Token]:
        """The tokens of numbers, STOP left out."""
        return [self._tokens[number - 1] for number in numbers if number != STOP]

    def of_list(self, list_number: int) -> list[Token]:
        """Every token that a list uses."""
        return [token for token in self._tokens if token.list == list_number]
