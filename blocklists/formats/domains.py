"""Plain names, one a line.

``name`` has the list's scope (by default the name and all below it), ``.name`` is the name and all below it, and
``*.name`` is what lies below it. ``#`` begins a comment, also after a name. A bare address or prefix is an entry only
if the source says so.
"""

from __future__ import annotations

from blocklists.formats.names import (
    BLANK,
    COMMENT,
    MALFORMED,
    bare_scope,
    clean,
    is_comment,
    outcome,
)
from blocklists.formats.plain import Stateless
from blocklists.formats.protocol import Outcome, Syntax
from blocklists.model import ListSource, Scope


class DomainsParser(Stateless):
    """Parser of the format ``domains``."""

    syntax: Syntax | None = "domains"

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
        words = text.partition("#")[0].split()
        if len(words) != 1:
            return MALFORMED
        return (self._name(words[0]),)

    def _name(self, word: str) -> Outcome:
        if word.startswith("*."):
            return outcome(word[2:], Scope.WILDCARD, self._source)
        if word.startswith("."):
            return outcome(word[1:], Scope.DOMAIN, self._source)
        return outcome(word, self.scope, self._source)
