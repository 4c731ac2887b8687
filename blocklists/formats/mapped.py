"""From the fields of a row or item to its entry; what CSV and JSON lists share.

The one rule: how far an entry reaches is said, by the row or by the list. Nothing here guesses it from the look of a
value, because a page that is taken for its host blocks everything else there.
"""

from __future__ import annotations

from blocklists.canonical import CanonicalError, url
from blocklists.formats.names import outcome
from blocklists.formats.protocol import Outcome
from blocklists.formats.urls import url_outcome
from blocklists.model import ListSource, Scope, Skip, SkipReason
from blocklists.properties import Fields

SCOPES = frozenset({Scope.HOST, Scope.DOMAIN, Scope.WILDCARD, Scope.URL, Scope.URL_PREFIX})
"""What a row may say, or the list for all its rows."""
_URL_SCOPES = frozenset({Scope.URL, Scope.URL_PREFIX})


class RowReader:
    """Makes entries of the two fields that count. ``fields`` is the list's mapping, ``scope`` what it says for all."""

    def __init__(self, source: ListSource) -> None:
        """ValueError if the list does not say where entries stand, or how far they reach."""
        if source.fetching.fields is None:
            raise ValueError(
                f"list {source.id}: format {source.format} needs `fields`, which say where entries stand"
            )
        self.fields: Fields = source.fetching.fields
        if not self.fields.scope and source.scope is None:
            raise ValueError(
                f"list {source.id}: nothing says how far its entries reach; write `scope`, or `fields` with a scope"
            )
        self.scope = source.scope or Scope.URL
        self._scopes = {value: Scope(scope) for value, scope in self.fields.scopes}
        if not SCOPES.issuperset({self.scope, *self._scopes.values()}):
            raise ValueError(
                f"list {source.id}: a scope does not fit format {source.format}; use {', '.join(SCOPES)}"
            )
        self._source = source

    def outcome(self, text: str, level: str | None) -> Outcome:
        """The entry of a row whose field ``scope`` says ``level``; None where the list has no such field."""
        scope = self.scope if level is None else self._scopes.get(level.strip())
        text = text.strip()
        if scope is None or not text:
            return Skip(SkipReason.MALFORMED)
        if scope in _URL_SCOPES:
            return url_outcome(text, scope)
        if "/" not in text:
            return outcome(text, scope, self._source)
        return self._host_of(text, scope)

    def _host_of(self, text: str, scope: Scope) -> Outcome:
        """A whole site that is written as the address of its front page; any other page contradicts the scope."""
        try:
            key = url(text)
        except CanonicalError as error:
            return Skip(error.reason)
        if key.path != "/" or key.query is not None:
            return Skip(SkipReason.MALFORMED)
        if key.port is not None:  # the name alone would take every other port as well
            return Skip(SkipReason.UNSUPPORTED)
        return outcome(key.host, scope, self._source)
