"""dnsmasq configuration lines that block: ``server=/name/``, ``local=/name/`` and ``address=/name/[sinkhole]``.

A name stands for itself and all below it. A line that sends a name to another server or to a real address does not
block: it is unsupported, never misread as a block.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from blocklists.formats.names import BLANK, COMMENT, MALFORMED, UNSUPPORTED, clean, is_sinkhole, outcome
from blocklists.formats.plain import Stateless
from blocklists.formats.protocol import Outcome, Syntax
from blocklists.model import ListSource, Scope, Skip, SkipReason

_DIRECTIVE = re.compile(r"([a-z0-9-]+)\s*(?:=\s*(.*))?", re.ASCII | re.DOTALL)
_BLOCKS: dict[str, Callable[[str], bool]] = {
    "server": lambda target: target == "",
    "local": lambda target: target == "",
    "address": lambda target: target in {"", "#"} or is_sinkhole(target),
}
"""Directive → does this target block? ``#`` after ``address`` is dnsmasq's null address."""


class DnsmasqParser(Stateless):
    """Parser of the format ``dnsmasq``."""

    syntax: Syntax | None = "dnsmasq"
    scope = Scope.DOMAIN

    def __init__(self, source: ListSource) -> None:
        """The scope is the format's own; the source's is not used."""
        self._source = source

    def parse(self, line: str, number: int) -> tuple[Outcome, ...]:
        """See ``LineParser.parse``."""
        text = clean(line, number)
        if not text:
            return BLANK
        if text.startswith("#"):
            return COMMENT
        match = _DIRECTIVE.fullmatch(_without_comment(text))
        if match is None:
            return MALFORMED
        if match[1] not in _BLOCKS:
            return UNSUPPORTED
        return self._names(match[1], match[2] or "")

    def _names(self, directive: str, value: str) -> tuple[Outcome, ...]:
        head, *names = value.split("/")
        if head or not value:  # a setting for every name
            return UNSUPPORTED
        if len(names) < 2:
            return MALFORMED
        target = names.pop()
        if not _BLOCKS[directive](target.strip()):
            return UNSUPPORTED
        return tuple(self._name(name.strip()) for name in names)

    def _name(self, name: str) -> Outcome:
        if name in {"", "#"} or "*" in name:  # names without a dot, every name, patterns
            return Skip(SkipReason.UNSUPPORTED)
        return outcome(name.removeprefix("."), self.scope, self._source)


def _without_comment(text: str) -> str:
    """dnsmasq ends a line at ``#`` after a blank; elsewhere ``#`` is a value."""
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()
