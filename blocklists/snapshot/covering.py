"""Guarded names looked up in a list that was read: which of them it covers, and how protected ones are kept from it.

The names are looked up in the builder, and never the list's entries among the names: 11,000 names cost the same in a
list of five million entries as in one of five.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from blocklists.coverage import Coverage, Protected
from blocklists.guard import Guard, parents
from blocklists.model import Action
from blocklists.snapshot import native
from blocklists.snapshot.exceptions import Placed, State, resolve
from blocklists.snapshot.intake import Intake
from blocklists.snapshot.stops import stop_set
from blocklists.snapshot.tokens import STOP, Token, TokenTable


def coverage_of(intake: Intake, guard: Guard) -> Coverage:
    """What a version covers of the guarded names. To be called before the intake is moved or completed."""
    asked = _Asked(intake)
    protected = {
        name: group
        for name, group in guard.protected.items()
        if asked.covers(name, below=name in guard.domains)
    }
    for entry in intake.guarded:
        name = entry.decode("ascii")
        if (protector := guard.protector(name)) is not None and asked.covers(name, below=True):
            protected.setdefault(name, guard.protected[protector])
    return Coverage(
        reference=guard.digest,
        suffixes=tuple(sorted(intake.suffixes)),
        protected=tuple(Protected(name, group) for name, group in sorted(protected.items())),
        popular=tuple(asked.covered(guard.popular)),
        asked=len(guard.popular),
        today=sum(1 for _ in asked.covered(guard.today)),
        today_asked=len(guard.today),
    )


def leave_out_protected(intakes: Iterable[Intake], guard: Guard) -> None:
    """Take out the entries below protected names that protect all below them. To be called when all edits are in."""
    for intake in intakes:
        for entry in intake.guarded:
            protector = guard.protector(entry.decode("ascii"))
            if protector is not None and guard.is_kept(protector):
                intake.leave_out(entry)


def spare_protected(
    builder: native.Builder, tokens: TokenTable, intakes: Sequence[Intake], guard: Guard
) -> Iterable[str]:
    """Let no list speak at a protected name, whatever stands there and above: an entry for a whole site is enforced but
    for the protected names in it. To be called when all exceptions are resolved.

    The name gets a stop class (``exceptions``) of what all other lists say there. Returns the names that got one.
    """
    stops: list[str] = []
    guarded = {intake.number for intake in intakes if intake.is_guarded}
    for name in filter(guard.is_kept, guard.protected):
        chain = _chain_to_stop(builder, tokens, name)
        if not chain:
            continue
        said = resolve(chain, {token.list: "union" for _, token in chain})
        spared = State(
            exact=frozenset(pair for pair in said.exact if pair[0] not in guarded),
            below=frozenset(
                pair for pair in said.below if name not in guard.domains or pair[0] not in guarded
            ),
        )
        if spared != said:
            builder.replace(name.encode("ascii"), stop_set(tokens, spared))
            stops.append(name)
    return stops


def _chain_to_stop(builder: native.Builder, tokens: TokenTable, name: str) -> list[Placed]:
    """What a look-up of the name would gather: the tokens at it and above it, up to the first stop."""
    chain: list[Placed] = []
    for distance, above in enumerate((name, *parents(name))):
        numbers = builder.tokens(above.encode("ascii"))
        chain += [(distance, token) for token in tokens.tokens(numbers)]
        if STOP in numbers:
            break
    return chain


class _Asked:
    """Answers for one list; what was looked up above one name is kept for the next."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._semantics = {intake.number: intake.semantics}
        self._said: dict[str, list[Token]] = {}

    def covered(self, names: Iterable[str]) -> Iterator[str]:
        """Those of the names that the list covers, in their order."""
        return (name for name in names if self.covers(name))

    def covers(self, name: str, *, below: bool = False) -> bool:
        """Whether the list, by itself, asks for anything when this name, or any ``below`` it, is asked for."""
        chain: list[Placed] = [
            (distance, token)
            for distance, above in enumerate((name, *parents(name)))
            for token in self._at(above)
        ]
        if all(token.action is Action.ALLOW for _, token in chain):
            return False
        state = resolve(chain, self._semantics)
        heard = (*state.exact, *(state.below if below else ()))
        return any(action is not Action.ALLOW for _, action in heard)

    def _at(self, name: str) -> list[Token]:
        if name not in self._said:
            self._said[name] = self._intake.said_at(name.encode("ascii"))
        return self._said[name]
