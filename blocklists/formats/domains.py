"""Plain names, one a line.

``name`` has the list's scope (by default the name and all below it), ``.name`` is the name and all below it, and
``*.name`` is what lies below it. ``#`` begins a comment, also after a name. A bare address or prefix is an entry only
if the source says so.
"""

from __future__ import annotations

from blocklists.formats.names import MALFORMED, outcome
from blocklists.formats.plain import WordParser
from blocklists.formats.protocol import Outcome, Syntax
from blocklists.model import Scope


class DomainsParser(WordParser):
    """Parser of the format ``domains``."""

    syntax: Syntax | None = "domains"

    def _words(self, words: list[str]) -> tuple[Outcome, ...]:
        return (self._name(words[0]),) if len(words) == 1 else MALFORMED

    def _name(self, word: str) -> Outcome:
        if word.startswith("*."):
            return outcome(word[2:], Scope.WILDCARD, self._source)
        if word.startswith("."):
            return outcome(word[1:], Scope.DOMAIN, self._source)
        return outcome(word, self.scope, self._source)
