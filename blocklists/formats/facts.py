"""What can be told of one entry: what enforcement it can get, what is remarkable about it, why it is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from blocklists.canonical import is_ipv4_like
from blocklists.canonical.refusals import refusal
from blocklists.model import Action, Disposition, Entry, HashedEntry, Scope, SkipReason, Trait
from blocklists.urls.expressions import host_of, is_within_reach, place

URL_SCOPES = frozenset({Scope.URL, Scope.URL_PREFIX})
_WIDE = frozenset({Scope.DOMAIN, Scope.WILDCARD})


def disposition(entry: Entry | HashedEntry) -> Disposition:
    """What enforcement an entry can get: a URL never changes a DNS answer."""
    if isinstance(entry, HashedEntry):
        return entry.disposition
    if entry.scope is Scope.URL_PREFIX and not is_within_reach(entry.name):
        return Disposition.NOT_ENFORCEABLE
    return Disposition.URL_FILTER if entry.scope in URL_SCOPES else Disposition.DNS


def traits(entry: Entry | HashedEntry) -> Iterator[Trait]:
    """What is remarkable about an entry (requirement L4); nothing can be seen in a digest."""
    if isinstance(entry, HashedEntry):
        return
    name = entry.name
    if entry.scope in URL_SCOPES:
        name = host_of(entry.name)
        if not place(entry.name).endswith(name) and not place(entry.name).endswith("]"):
            yield Trait.WITH_PORT
        if "?" in entry.name:
            yield Trait.WITH_QUERY
    if entry.scope is Scope.ADDRESS or ":" in name or is_ipv4_like(name):
        yield Trait.IP_LITERAL
    elif name.startswith("xn--") or ".xn--" in name:
        yield Trait.IDN


def left_out(entry: Entry, suffixes: Collection[str], never: Collection[str]) -> SkipReason | None:
    """Why an entry may not stand, whatever the list says; None if it may. ``never`` are names that none may touch."""
    if entry.scope in URL_SCOPES:
        return refusal(host_of(entry.name), suffixes, never)
    takes_customers = entry.action is not Action.ALLOW and entry.scope in _WIDE
    return SkipReason.PUBLIC_SUFFIX if takes_customers and entry.name in suffixes else None
