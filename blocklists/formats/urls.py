"""URLs, one a line, the scheme optional: ``http://host/path?query`` or ``host/path``.

An entry is exactly its page, or with a trailing ``*``, or where the source's scope says ``url-prefix``, every page
that begins so. It is never a host entry, not even for a bare host: that is the front page. ``#`` begins a comment at
the start of a line or after a blank; elsewhere it is a fragment, which no server sees and which is dropped.
"""

from __future__ import annotations

import re

from blocklists.canonical import CanonicalError, host, url
from blocklists.formats.names import BLANK, COMMENT, UNSUPPORTED, clean
from blocklists.formats.plain import Stateless
from blocklists.formats.protocol import Outcome, Syntax
from blocklists.model import Entry, ListSource, Scope, Skip, SkipReason

_INLINE_COMMENT = re.compile(r"\s#")
_URL_SCOPES = frozenset({Scope.URL, Scope.URL_PREFIX})


class UrlsParser(Stateless):
    """Parser of the format ``urls``."""

    syntax: Syntax | None = None

    def __init__(self, source: ListSource) -> None:
        """ValueError if the source's scope is not a URL scope."""
        self.scope = source.scope or Scope.URL
        if self.scope not in _URL_SCOPES:
            raise ValueError(
                f"list {source.id}: scope {self.scope} does not fit format urls; use url or url-prefix"
            )

    def parse(self, line: str, number: int) -> tuple[Outcome, ...]:
        """See ``LineParser.parse``."""
        text = clean(line, number)
        if not text:
            return BLANK
        if text.startswith("#"):
            return COMMENT
        return (url_outcome(_INLINE_COMMENT.split(text, maxsplit=1)[0], self.scope),)


def url_outcome(text: str, scope: Scope) -> Outcome:
    """The entry that a URL gives, or why it gives none. A ``*`` at its end makes it a prefix."""
    if text.endswith("*"):
        text, scope = text.removesuffix("*"), Scope.URL_PREFIX
    if "*" in text:  # a pattern; read literally it would match nothing and hide that
        return UNSUPPORTED[0]
    try:
        key = url(text)
    except CanonicalError as error:
        return Skip(error.reason)
    fault = _host_fault(key.host)
    return Entry(key.text, scope) if fault is None else Skip(fault)


def _host_fault(name: str) -> SkipReason | None:
    """Why no browser could mean this host; a page on a bare address is a page like any other."""
    try:
        host(name)
    except CanonicalError as error:
        return None if error.reason is SkipReason.ADDRESS else error.reason
    return None
