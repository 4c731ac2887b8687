"""The parts that parsers of simple formats share."""

from __future__ import annotations

from abc import ABC, abstractmethod

from blocklists.formats.names import BLANK, COMMENT, bare_scope, clean, is_comment
from blocklists.formats.protocol import Outcome, Semantics
from blocklists.model import Entry, ListSource


class Stateless:
    """Base of formats whose lines stand alone: nothing is gathered and nothing taken back."""

    semantics: Semantics = "union"

    def finish(self) -> tuple[Entry, ...]:
        """No entry needs the whole file."""
        return ()

    def removed(self) -> tuple[Entry, ...]:
        """No line takes another one back."""
        return ()


class WordParser(Stateless, ABC):
    """Base of formats made of words with ``#`` comments, whose bare names have the scope of the list."""

    def __init__(self, source: ListSource) -> None:
        """ValueError if the source's scope is a URL scope."""
        self.scope = bare_scope(source)
        self._source = source

    def parse(self, line: str, number: int) -> tuple[Outcome, ...]:
        """See ``LineParser.parse``."""
        text = clean(line, number)
        if not text:
            return BLANK
        if is_comment(text):
            return COMMENT
        return self._words(text.partition("#")[0].split())

    @abstractmethod
    def _words(self, words: list[str]) -> tuple[Outcome, ...]:
        """The outcome of a line that has words before its comment, or none."""
