"""Hosts files, as hosts(5): an address, then one or more names; ``#`` begins a comment.

The address only says "not there" and may be any. A name stands for itself and all below it, unless the source's scope
says ``host``: the same list must mean the same in every form that it is published in.
"""

from __future__ import annotations

from blocklists.formats.names import (
    BLANK,
    COMMENT,
    MALFORMED,
    bare_scope,
    clean,
    is_comment,
    is_target,
    outcome,
)
from blocklists.formats.plain import Stateless
from blocklists.formats.protocol import Outcome, Syntax
from blocklists.model import ListSource


class HostsParser(Stateless):
    """Parser of the format ``hosts``."""

    syntax: Syntax | None = "hosts"

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
        target, *names = text.partition("#")[0].split()
        if not names or not is_target(target):
            return MALFORMED
        return tuple(outcome(name, self.scope, self._source) for name in names)
