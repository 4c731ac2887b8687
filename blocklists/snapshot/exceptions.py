"""Exceptions inside lists, resolved when the table is built. Pure.

A look-up ors classes from the longest suffix upward. That is right while every list only adds; it is wrong where a
list takes back (AdBlock ``@@``) or where a deeper trigger replaces a parent's (RPZ). Such a name gets a *stop* class:
what all lists together say at exactly this name and below it, with everything above counted in. The look-up ends there.

A name needs a stop class for a list when it carries an entry of that list and the entries of that list at it and above
it *conflict*: an exception beside anything else, or, in an RPZ list, two different actions. Whoever stands below such a
name without an entry of his own between is covered by its class; an entry between would itself be such a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from blocklists.formats.protocol import Semantics
from blocklists.model import Action, Scope
from blocklists.snapshot.tokens import Token

Placed = tuple[int, Token]
"""A token and how far above the name in question it stands: 0 = at the name, 1 = at its parent."""

_BELOW = {Scope.DOMAIN, Scope.WILDCARD}
_PREFERENCE = (Action.ALLOW, *(action for action in Action if action is not Action.ALLOW))
"""Which of two actions at one name and scope speaks; a sound zone never has two."""


@dataclass(frozen=True, slots=True)
class State:
    """What lists ask for: (list number, action) pairs at exactly a name, and at the names below it."""

    exact: frozenset[tuple[int, Action]]
    below: frozenset[tuple[int, Action]]


def can_conflict(tokens: Sequence[Token], semantics: Semantics) -> bool:
    """Whether these tokens of one list could contradict each other anywhere."""
    actions = {token.action for token in tokens}
    if semantics == "union":
        return False
    return len(actions) > 1 and (semantics == "rpz" or Action.ALLOW in actions)


def resolve(chain: Sequence[Placed], semantics: Mapping[int, Semantics]) -> State:
    """The state at the name whose own and parents' tokens ``chain`` holds; ``semantics`` is by list number."""
    by_list: dict[int, list[Placed]] = {}
    for placed in chain:
        by_list.setdefault(placed[1].list, []).append(placed)
    exact: set[tuple[int, Action]] = set()
    below: set[tuple[int, Action]] = set()
    for number, own in by_list.items():
        speak = _RULES[semantics[number]]
        exact.update((number, action) for action in speak([p for p in own if _reaches_name(p)]))
        below.update((number, action) for action in speak([p for p in own if p[1].scope in _BELOW]))
    return State(frozenset(exact), frozenset(below))


def resolve_address(
    chain: Sequence[Placed], semantics: Mapping[int, Semantics]
) -> frozenset[tuple[int, Action]]:
    """What lists ask for at a prefix; ``chain`` holds the tokens of it and of the prefixes around it, nearest first.

    ``semantics`` is by list number.
    """
    by_list: dict[int, list[Placed]] = {}
    for placed in chain:
        by_list.setdefault(placed[1].list, []).append(placed)
    return frozenset(
        (number, action) for number, own in by_list.items() for action in _RULES[semantics[number]](own)
    )


def _reaches_name(placed: Placed) -> bool:
    distance, token = placed
    return token.scope is Scope.DOMAIN or (token.scope is Scope.HOST) == (distance == 0)


def _all(reaching: Sequence[Placed]) -> set[Action]:
    """Every entry speaks; there are no exceptions."""
    return {token.action for _, token in reaching if token.action is not Action.ALLOW}


def _strongest(reaching: Sequence[Placed]) -> set[Action]:
    """Important exception, important block, exception, block: the first kind present decides."""
    for important in (True, False):
        actions = {token.action for _, token in reaching if token.important is important}
        if Action.ALLOW in actions:
            return set()
        if actions:
            # Without an exception between them, plain blocks add what they ask for to the important ones.
            return actions if not important else actions | _plain_blocks(reaching)
    return set()


def _plain_blocks(reaching: Sequence[Placed]) -> set[Action]:
    plain = {token.action for _, token in reaching if not token.important}
    return set() if Action.ALLOW in plain else plain


def _most_specific(reaching: Sequence[Placed]) -> set[Action]:
    """The nearest trigger; at the same name the exact one before the wildcard. Letting pass is an answer too: it speaks
    against the zones behind this one (``resolver.policy.zones``).
    """
    if not reaching:
        return set()
    _, token = min(reaching, key=lambda placed: (placed[0], *_rank(placed[1])))
    return {token.action}


def _rank(token: Token) -> tuple[bool, int]:
    return token.scope is not Scope.HOST, _PREFERENCE.index(token.action)


_RULES: dict[Semantics, Callable[[Sequence[Placed]], set[Action]]] = {
    "union": _all,
    "adblock": _strongest,
    "rpz": _most_specific,
}
