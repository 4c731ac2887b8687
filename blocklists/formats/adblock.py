"""The DNS subset of AdBlock syntax.

========================================  ===========================================================
``||name^`` ``||name|`` ``||name^|``      the name and all below it
``|name^`` ``|name|`` ``|name^|``         exactly the name
``||*.name^`` ``*.name^`` ``.name^``      what lies below the name
``name``, ``0.0.0.0 name``                exactly the name (AdGuard's reading of such lines)
``@@`` before any anchored form           exception inside this list
``$modifiers``                            ``adblock_modifiers``
``! text`` ``# text`` ``[Adblock …]``     comment, comment, header
========================================  ===========================================================

Everything else (patterns, regular expressions, paths, cosmetic rules) is unsupported and counted; a blank inside a
pattern is malformed. Lines between ``!#if`` and ``!#endif`` count as if the condition held.
"""

from __future__ import annotations

import re

from blocklists.formats.adblock_modifiers import Modifiers, parse_modifiers
from blocklists.formats.names import (
    BLANK,
    COMMENT,
    HEADER,
    MALFORMED,
    UNSUPPORTED,
    clean,
    is_sinkhole,
    is_target,
    outcome,
)
from blocklists.formats.protocol import Outcome, Semantics, Syntax
from blocklists.model import Action, Entry, ListSource, Scope, Skip, SkipReason

_COMMENT = re.compile(r"!|#(?:\s|\Z)")
"""Beyond doubt; ``#text`` is a comment only if it is no cosmetic rule."""
_COSMETIC = re.compile(r"#@?[$?%]?\??#|\$@?\$")
_HEADER = re.compile(r"\[[^\[\]]*\]")
_PATTERN = re.compile(r"(\|\|?|)(\*\.|\.|)([^|^*/\s]+)(\^\||\^|\||)")
_BELOW = frozenset({".", "*.", "||*."})
"""Beginnings that together with an end mean: what lies below the name."""
_SYNTAX = frozenset("*^|/?&=:;~+%@<>()[]{}\"'\\,!")
"""Characters of patterns that no name has."""


class AdblockParser:
    """Parser of the format ``adblock``."""

    syntax: Syntax | None = "adblock"
    scope = Scope.DOMAIN
    semantics: Semantics = "adblock"

    def __init__(self, source: ListSource) -> None:
        """The scope of each rule is its own; the source's is not used."""
        self._source = source
        self._removed: dict[Entry, None] = {}

    def parse(self, line: str, number: int) -> tuple[Outcome, ...]:
        """See ``LineParser.parse``. A ``$badfilter`` line gives HEADER; what it takes back is in ``removed``."""
        text = clean(line, number)
        if not text:
            return BLANK
        if _COMMENT.match(text):
            return COMMENT
        if _COSMETIC.search(text):
            return UNSUPPORTED
        if text.startswith("#"):
            return COMMENT
        if _HEADER.fullmatch(text):
            return HEADER
        target, *names = text.partition("#")[0].split()
        return self._hosts_line(target, names) if names and is_target(target) else self._rule(text)

    def finish(self) -> tuple[Entry, ...]:
        """No entry needs the whole file."""
        return ()

    def removed(self) -> tuple[Entry, ...]:
        """The entries of the rules that ``$badfilter`` lines name."""
        return tuple(self._removed)

    def _hosts_line(self, target: str, names: list[str]) -> tuple[Outcome, ...]:
        if not is_sinkhole(target):  # AdGuard would answer with this address: a rewrite, not a block
            return UNSUPPORTED
        return tuple(outcome(name, Scope.HOST, self._source) for name in names)

    def _rule(self, text: str) -> tuple[Outcome, ...]:
        exception = text.startswith("@@")
        body = text[2:] if exception else text
        if body.startswith("/"):
            return UNSUPPORTED
        pattern, dollar, rest = body.partition("$")
        if (dollar and not rest) or len(pattern.split()) > 1 or pattern != pattern.strip():
            return MALFORMED
        modifiers = parse_modifiers(rest, exception=exception)
        if modifiers is None:
            return UNSUPPORTED
        return self._entries(pattern, modifiers, exception=exception, bare=not exception and not dollar)

    def _entries(
        self, pattern: str, modifiers: Modifiers, *, exception: bool, bare: bool
    ) -> tuple[Outcome, ...]:
        matched = _scope(pattern, bare=bare)
        if matched is None:
            return UNSUPPORTED
        name, scope = matched
        action = Action.ALLOW if exception else modifiers.action
        first = outcome(name, scope, self._source, action, modifiers.important)
        if isinstance(first, Skip):
            is_pattern = first.reason is SkipReason.BAD_NAME and not _SYNTAX.isdisjoint(name)
            return UNSUPPORTED if is_pattern else (first,)
        if first.scope is Scope.ADDRESS and (exception or modifiers.action is not Action.BLOCK):
            return UNSUPPORTED
        holes = _holes(first, modifiers, self._source)
        if holes is None:
            return UNSUPPORTED
        if modifiers.badfilter:
            self._removed.update(dict.fromkeys((first, *holes)))
            return HEADER
        return first, *holes


def _scope(pattern: str, *, bare: bool) -> tuple[str, Scope] | None:
    """The name inside a pattern and how far the pattern reaches; None if a hash look-up cannot answer it."""
    match = _PATTERN.fullmatch(pattern)
    if match is None:
        return None
    anchor, prefix, name, end = match.groups()
    if prefix:
        return (name, Scope.WILDCARD) if end and anchor + prefix in _BELOW else None
    if end:
        return {"||": (name, Scope.DOMAIN), "|": (name, Scope.HOST)}.get(anchor)
    return (name, Scope.HOST) if bare and not anchor else None


def _holes(rule: Entry, modifiers: Modifiers, source: ListSource) -> tuple[Entry, ...] | None:
    """The exceptions that ``$denyallow`` cuts into a rule; None if one of its names cannot be honoured.

    A name outside the rule's reach is left aside: as an exception it would lift other rules.
    """
    holes = []
    for name in modifiers.denyallow:
        hole = outcome(name, Scope.DOMAIN, source, Action.ALLOW, modifiers.important)
        if isinstance(hole, Skip) or hole.name == rule.name:
            return None
        if hole.name.endswith(f".{rule.name}") and rule.scope is not Scope.HOST:
            holes.append(hole)
    return tuple(holes)
