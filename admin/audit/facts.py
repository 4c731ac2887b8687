"""Facts that a leaf may tell, each drawn out of an event by one small function. Which leaf tells which is ``tellings``.

Nothing here decides that something is public; a fact that an event lacks is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from admin.audit.events import Detail
from resolver.tlog.canonical import INTEGERS_BELOW, FormatError, Json
from resolver.tlog.commitments import actor_id
from resolver.tlog.fields import Check, counter, hash_hex, identifier, word
from resolver.tlog.leaf_types import SHAPES, LeafType
from resolver.tlog.leaves import LeafActor, Role


class Recorded(Protocol):
    """An event as the database has it (``admin.store.tables.EventRow``)."""

    @property
    def sequence(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def actor_kind(self) -> str: ...
    @property
    def actor_id(self) -> str: ...
    @property
    def holder(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def detail(self) -> Mapping[str, Detail]: ...


UNNAMED = "unnamed"
"""In place of an id that no configuration of this version could have."""
SECOND_HOLDER, SECOND_ROLE = "second_holder", "second_role"
"""Keys of an event's detail: the other of two persons, and in what role."""
ROLE = "actor_role"
"""Key of an event's detail: the role in which somebody acted, where it is not that of the operator."""
PUBLISH = "publish"
"""Key of an event's detail: ``root``, ``count`` or ``none``. Numbers about a list are public only with one of the first two."""
OVER = "over_"
"""Begins the keys of a canary's detail that have the outcome over one transport."""
COUNT = "count_"
"""Begins the keys of a day's detail that have the noised number of a group, or None for one too small to tell."""

_NUMBERS_PUBLIC = frozenset({"root", "count"})
_OF_THE_BOX = frozenset({"sync", "schedule", "selftest", "supervisor"})
_ROLES: Mapping[str, Role] = MappingProxyType(
    {role.value: role for role in Role} | {"list-manager": Role.OPERATOR, "integration": Role.SYSTEM}
)

_SOURCE = SHAPES[LeafType.LIST_SYNC].optional["src"]
Draw = Callable[[Recorded, bytes], Json]
"""A fact out of an event and the secret key of pseudonyms; None: it has none."""


def fits(check: Check, value: Json) -> bool:
    """Whether a value may stand where this check guards."""
    try:
        check(value)
    except FormatError:
        return False
    return True


def actor(event: Recorded, key: bytes) -> LeafActor:
    """Who acted."""
    who = event.holder or f"{event.actor_kind}:{event.actor_id}"
    role = Role.SYSTEM if event.actor_kind in _OF_THE_BOX else _role(event, ROLE)
    return LeafActor(actor_id(key, who), role)


def second(event: Recorded, key: bytes) -> LeafActor | None:
    """The other of two persons, where there was one."""
    holder = event.detail.get(SECOND_HOLDER)
    if not isinstance(holder, str) or not holder:
        return None
    return LeafActor(actor_id(key, holder), _role(event, SECOND_ROLE))


def subject(event: Recorded, _key: bytes) -> Json:
    """The id of what changed."""
    return event.subject if fits(identifier, event.subject) else UNNAMED


def part(event: Recorded, _key: bytes) -> Json:
    """Which of the box's processes it was."""
    return event.subject if fits(word, event.subject) else UNNAMED


def of(name: str) -> Draw:
    """The fact of this name in the detail."""
    return lambda event, _key: _exact(event, name)


def moment(name: str) -> Draw:
    """A time of the detail, in whole POSIX seconds."""

    def draw(event: Recorded, _key: bytes) -> Json:
        value = event.detail.get(name)
        return int(value) if isinstance(value, int | float) and 0 <= value < INTEGERS_BELOW else None

    return draw


def always(value: Json) -> Draw:
    """The same for every event of a kind."""
    return lambda _event, _key: value


def numbers(**names: str) -> Draw:
    """Counts about a list, each under its key of the leaf; nothing unless the list's numbers are published."""

    def draw(event: Recorded, _key: bytes) -> Json:
        if event.detail.get(PUBLISH) not in _NUMBERS_PUBLIC:
            return None
        found = {key: _exact(event, name) for key, name in names.items()}
        return {key: value for key, value in found.items() if fits(counter, value)} or None

    return draw


def source(event: Recorded, _key: bytes) -> Json:
    """Who gives the list out, and on which legal basis: what the event says of it."""
    told = {"auth": _exact(event, "authority"), "basis": _exact(event, "basis")}
    found = {key: value for key, value in told.items() if value is not None}
    if not fits(_SOURCE, found):
        found = {key: value for key, value in found.items() if fits(_SOURCE, {key: value})}
    return found or None


def gates(event: Recorded, _key: bytes) -> Json:
    """The gates that a version did not pass: they tell how it grew or shrank, so only where numbers are told."""
    if event.detail.get(PUBLISH) not in _NUMBERS_PUBLIC:
        return None
    return [gate for gate in str(event.detail.get("gates", "")).split(", ") if gate] or None


def paths(event: Recorded, _key: bytes) -> Json:
    """What a canary got over each transport."""
    found = {key.removeprefix(OVER): value for key, value in event.detail.items() if key.startswith(OVER)}
    return {key: value for key, value in found.items() if isinstance(value, str)} or None


def counts(event: Recorded, _key: bytes) -> Json:
    """A day's noised numbers by group; of a group without an id that fits, none."""
    found = {key.removeprefix(COUNT): value for key, value in event.detail.items() if key.startswith(COUNT)}
    return {
        key: value
        for key, value in found.items()
        if fits(identifier, key) and (value is None or isinstance(value, int))
    }


def version(event: Recorded, _key: bytes) -> Json:
    """The software: version and digest."""
    number = str(event.detail.get("version", ""))
    return f"{number}+{event.after}" if fits(hash_hex, event.after) else number


def person(event: Recorded, key: bytes) -> Json:
    """For whom a token is: the pseudonym under which that person then acts."""
    return actor_id(key, str(event.detail.get("holder") or f"token:{event.subject}"))


def approved(event: Recorded, _key: bytes) -> Json:
    """What one of two persons agreed to."""
    return "erase" if event.after == "erase" else "release"


def _exact(event: Recorded, name: str) -> Json:
    """A fact of the detail; None if it has none, or a number that is not whole."""
    value = event.detail.get(name)
    return None if isinstance(value, float) else value


def _role(event: Recorded, key: str) -> Role:
    return _ROLES.get(str(event.detail.get(key)), Role.OPERATOR)
