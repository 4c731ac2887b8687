"""Guarded names looked up in a list that was read: which of them it covers, and which entries are left out for that.

The names are looked up in the builder, and never the list's entries among the names: 11,000 names cost the same in a
list of five million entries as in one of five.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from blocklists.coverage import Coverage, Protected
from blocklists.guard import Guard, parents
from blocklists.model import Action, Scope
from blocklists.snapshot.exceptions import Placed, resolve
from blocklists.snapshot.intake import Intake
from blocklists.snapshot.tokens import Token

_BELOW = frozenset({Scope.DOMAIN, Scope.WILDCARD})
_AT_NAME = frozenset({Scope.DOMAIN, Scope.HOST})


def coverage_of(intake: Intake, guard: Guard) -> Coverage:
    """What a version covers of the guarded names. To be called before the intake is moved or completed."""
    asked = _Asked(intake)
    protected = {name: group for name, group in guard.protected.items() if asked.covers(name)}
    for entry in intake.guarded:
        name = entry.decode("ascii")
        if (protector := guard.protector(name)) is not None and asked.covers(name):
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
    """Take out the entries that would take away a protected name: at it, above it as far as they reach, or below one
    that protects all below it. To be called when all edits are in.
    """
    places = _places(guard)
    for intake in intakes:
        if not intake.is_guarded:
            continue
        for place, reach in places.items():
            if any(token.scope in reach for token in intake.said_at(place)):
                intake.leave_out(place)
        for entry in intake.guarded:
            protector = guard.protector(entry.decode("ascii"))
            if protector is not None and guard.is_kept(protector):
                intake.leave_out(entry)


def _places(guard: Guard) -> dict[bytes, frozenset[Scope]]:
    """Where an entry can stand that covers a protected name, and with which scopes it does."""
    places: dict[bytes, frozenset[Scope]] = {}
    for name in filter(guard.is_kept, guard.protected):
        here = _AT_NAME | _BELOW if name in guard.domains else _AT_NAME
        for place, reach in ((name, here), *((above, _BELOW) for above in parents(name))):
            key = place.encode("ascii")
            places[key] = places.get(key, frozenset()) | reach
    return places


class _Asked:
    """Answers for one list; what was looked up above one name is kept for the next."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._semantics = [intake.semantics] * (intake.number + 1)
        self._said: dict[str, list[Token]] = {}

    def covered(self, names: Iterable[str]) -> Iterator[str]:
        """Those of the names that the list covers, in their order."""
        return (name for name in names if self.covers(name))

    def covers(self, name: str) -> bool:
        """Whether the list, by itself, asks for anything when this name is asked for."""
        chain: list[Placed] = [
            (distance, token)
            for distance, above in enumerate((name, *parents(name)))
            for token in self._at(above)
        ]
        if all(token.action is Action.ALLOW for _, token in chain):
            return False
        return bool(resolve(chain, self._semantics).exact)

    def _at(self, name: str) -> list[Token]:
        if name not in self._said:
            self._said[name] = self._intake.said_at(name.encode("ascii"))
        return self._said[name]
