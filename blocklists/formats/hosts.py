"""Hosts files, as hosts(5): an address, then one or more names; ``#`` begins a comment.

The address only says "not there" and may be any. A name stands for itself and all below it, unless the source's scope
says ``host``: the same list must mean the same in every form that it is published in.
"""

from __future__ import annotations

from blocklists.formats.names import MALFORMED, is_target, outcome
from blocklists.formats.plain import WordParser
from blocklists.formats.protocol import Outcome, Syntax


class HostsParser(WordParser):
    """Parser of the format ``hosts``."""

    syntax: Syntax | None = "hosts"

    def _words(self, words: list[str]) -> tuple[Outcome, ...]:
        if len(words) < 2 or not is_target(words[0]):
            return MALFORMED
        return tuple(outcome(name, self.scope, self._source) for name in words[1:])
