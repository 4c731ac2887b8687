"""Finds the names where a list contradicts itself, and gives them stop sets (the rules are in ``exceptions``).

Every state is taken from the builder before the first one is written back: a stop set no longer says which list said
what at which distance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from blocklists.model import Action, Scope
from blocklists.snapshot import native
from blocklists.snapshot.exceptions import Placed, State, can_conflict, resolve
from blocklists.snapshot.intake import Intake
from blocklists.snapshot.tokens import STOP, Token, TokenTable


def apply_exceptions(
    builder: native.Builder, tokens: TokenTable, intakes: Sequence[Intake], texts: Sequence[bytes]
) -> Iterable[str]:
    """Resolve the exceptions of all lists of one builder; ``texts`` are the bytes that each intake has read.

    Returns the names that are stops now.
    """
    semantics = {intake.number: intake.semantics for intake in intakes}
    states: dict[bytes, State] = {}
    for intake, text in zip(intakes, texts, strict=True):
        if not can_conflict(tokens.of_list(intake.number), intake.semantics):
            continue
        for name in _candidates(builder, tokens, intake, text):
            chain = _chain(builder, tokens, name)
            own = [placed for placed in chain if placed[1].list == intake.number]
            at_name = any(distance == 0 for distance, _ in own)
            if name not in states and at_name and can_conflict([token for _, token in own], intake.semantics):
                states[name] = resolve(chain, semantics)
    for name, state in states.items():
        builder.replace(name, stop_set(tokens, state))
    return [name.decode("ascii") for name in states]


def _candidates(builder: native.Builder, tokens: TokenTable, intake: Intake, text: bytes) -> Iterator[bytes]:
    """Names of a list that may contradict its other entries.

    Those that the parser gave, and clean ones below an entry that is no plain block: clean lines are all plain blocks.
    """
    yield from intake.odd_names
    if intake.syntax is not None:
        others = [token for token in tokens.of_list(intake.number) if token.action is not Action.BLOCK]
        yield from builder.find_below(text, intake.syntax, map(tokens.number, others))


def _chain(builder: native.Builder, tokens: TokenTable, name: bytes) -> list[Placed]:
    """The tokens at a name and at all its parents."""
    chain: list[Placed] = []
    distance = 0
    while name:
        chain += [(distance, token) for token in tokens.tokens(builder.tokens(name))]
        name = name.partition(b".")[2]
        distance += 1
    return chain


def stop_set(tokens: TokenTable, state: State) -> list[int]:
    """The tokens of a name at which look-ups end with this state."""
    numbers = [STOP]
    for number, action in state.exact | state.below:
        at_name, below = (number, action) in state.exact, (number, action) in state.below
        scope = Scope.DOMAIN if at_name and below else Scope.HOST if at_name else Scope.WILDCARD
        numbers.append(tokens.number(Token(number, scope, action)))
    return numbers
