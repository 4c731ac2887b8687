"""Changes of single entries that an operator makes to a list, on top of whatever text its source sends.

Pure: what an edit is, which edits a list takes, and what a series of them amounts to. An edit speaks about what its
list says at exactly one name (or address prefix), for names reached by its scope; it holds for every later version of
the list until it is taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from blocklists.canonical import CanonicalError, address, host
from blocklists.formats.registry import make_parser
from blocklists.model import Confidentiality, ListSource, Scope

MAX_EDITS = 1_000
"""Entries in one request: they are checked, written and put into force together."""

AT_NAME, BELOW = 1, 2
REACH: Mapping[Scope, int] = MappingProxyType(
    {
        Scope.HOST: AT_NAME,
        Scope.WILDCARD: BELOW,
        Scope.DOMAIN: AT_NAME | BELOW,
        Scope.ADDRESS: AT_NAME | BELOW,
    }
)
"""What each scope reaches: the name itself, the names below it."""
SCOPE_OF: Mapping[int, Scope] = MappingProxyType(
    {AT_NAME: Scope.HOST, BELOW: Scope.WILDCARD, AT_NAME | BELOW: Scope.DOMAIN}
)
"""The scope of a name that reaches just so far."""


class Change(StrEnum):
    """What is to become of an entry."""

    ADD = "add"
    """Listed, whatever the list's text says."""
    REMOVE = "remove"
    """Not listed, whatever the list's text says."""
    TAKE_BACK = "take_back"
    """As the list's text says: an earlier edit no longer holds."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry and what is to become of it; ``name`` is canonical (``Entry.name``)."""

    change: Change
    name: str
    scope: Scope


NO_EDITS: Mapping[str, tuple[Edit, ...]] = MappingProxyType({})
"""By list id: nothing was edited."""


class EditError(ValueError):
    """This edit is not taken; the message says which and why. Never raised with an entry of a secret list."""


def check_editable(source: ListSource) -> None:
    """EditError if the entries of this list cannot be changed one by one."""
    if source.confidentiality is Confidentiality.SECRET:
        raise EditError(
            f"list {source.id} is secret: nothing of it may be written to this box's disk, so an edit could not be "
            "kept. Ask its authority to change the list"
        )
    if source.format == "urls":
        raise EditError(
            f"list {source.id} is a list of URLs: single URLs cannot be edited; change the list itself"
        )


def parse_edit(
    source: ListSource,
    change: Change,
    text: str,
    scope: Scope | None,
    suffixes: Collection[str],
) -> Edit:
    """The edit that a person wrote. EditError if there is no such entry, or the list does not take it.

    ``scope`` None is that of the list's own bare names; an address or prefix always has the scope ``address``.
    ``suffixes`` are the public suffixes as A-labels; they bind additions as they bind the list's text.
    """
    check_editable(source)
    if scope is Scope.ADDRESS or (scope is None and _is_address(text)):
        return _address_edit(source, change, text)
    reach = make_parser(source).scope if scope is None else scope
    if reach not in (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD):
        raise EditError(
            f"list {source.id}: an entry has the scope host, domain, wildcard or address, not {reach}"
        )
    try:
        name = host(text)
    except CanonicalError as error:
        raise EditError(
            f"list {source.id}: {_shown(text)} is no name that can be listed ({error.reason})"
        ) from error
    is_wide = reach is not Scope.HOST
    if change is Change.ADD and is_wide and name in suffixes and not source.public_suffixes:
        raise EditError(
            f"list {source.id}: {name} is a public suffix; everybody's names below it would be listed with it. "
            "Add the scope host, or the names that are meant"
        )
    return Edit(change, name, reach)


def combine(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """What a series of edits amounts to, in the order of their names: later ones replace earlier ones reach by reach."""
    wanted: dict[tuple[str, bool], list[Change | None]] = {}
    for edit in edits:
        state = wanted.setdefault((edit.name, edit.scope is Scope.ADDRESS), [None, None])
        for place, bit in enumerate((AT_NAME, BELOW)):
            if REACH[edit.scope] & bit:
                state[place] = edit.change
    found: list[Edit] = []
    for (name, is_address), (at_name, below) in sorted(wanted.items()):
        for change in (Change.ADD, Change.REMOVE):
            reach = (AT_NAME if at_name is change else 0) | (BELOW if below is change else 0)
            if reach:
                found.append(Edit(change, name, Scope.ADDRESS if is_address else SCOPE_OF[reach]))
    return tuple(found)


def beneath(edits: Iterable[Edit], held: Iterable[Edit]) -> tuple[Edit, ...]:
    """What is left of ``edits`` where other edits are ``held`` on top, reach by reach."""
    covered: dict[tuple[str, bool], int] = {}
    for edit in held:
        at = (edit.name, edit.scope is Scope.ADDRESS)
        covered[at] = covered.get(at, 0) | REACH[edit.scope]
    found: list[Edit] = []
    for edit in edits:
        is_address = edit.scope is Scope.ADDRESS
        rest = REACH[edit.scope] & ~covered.get((edit.name, is_address), 0)
        if rest:
            found.append(Edit(edit.change, edit.name, edit.scope if is_address else SCOPE_OF[rest]))
    return tuple(found)


def _is_address(text: str) -> bool:
    try:
        address(text)
    except CanonicalError:
        return False
    return True


def _address_edit(source: ListSource, change: Change, text: str) -> Edit:
    if not source.addresses:
        raise EditError(
            f"list {source.id}: {_shown(text)} is an address, and this list lists names only; "
            "set `addresses: true` in its configuration"
        )
    try:
        return Edit(change, address(text), Scope.ADDRESS)
    except CanonicalError as error:
        raise EditError(f"list {source.id}: {_shown(text)} is no address or prefix") from error


def _shown(text: str) -> str:
    """A person's own words, fit for one line of a log or terminal."""
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
