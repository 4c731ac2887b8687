"""The names that lists are held against, from the configuration and the lists of protected names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from urllib.parse import urlsplit

from admin.config import Config
from blocklists.canonical import CanonicalError, host
from blocklists.edits import AT_NAME, BELOW, REACH, Change, Edit, EditError
from blocklists.guard import FROM_LISTS, Guard
from blocklists.model import Action, Entry, Kind, ListSource, Scope
from blocklists.popular import built_in_ranking
from blocklists.protected import built_in_groups

OPERATOR = "operator"
"""The group of what the operator protects."""


def guard_of(config: Config, entries: Iterable[Entry] = (), today: Iterable[str] = ()) -> Guard:
    """The guarded names. ``entries`` are those of all lists of protected names, ``today`` what is asked for most."""
    gates = config.admin.gates
    protected, domains = _built_in()
    for name in gates.unprotected:
        protected.pop(name, None)
        domains.discard(name)
    for entry in entries:
        if entry.action is Action.BLOCK and entry.scope in {Scope.HOST, Scope.DOMAIN}:
            protected.setdefault(entry.name, FROM_LISTS)
            if entry.scope is Scope.DOMAIN:
                domains.add(entry.name)
    for name in own_names(config):
        protected[name] = OPERATOR
    for name in gates.never:
        protected[name] = OPERATOR
        domains.add(name)
    popular = tuple(dict.fromkeys((*config.popular, *built_in_ranking())))
    return Guard(MappingProxyType(protected), frozenset(domains), popular, tuple(today))


def own_names(config: Config) -> Iterator[str]:
    """The names of this very appliance, as far as the configuration tells them: its own, those of its pages."""
    gateway = config.gateway
    addresses = (urlsplit(text).hostname for text in (gateway.portal_url, gateway.policy_url))
    for text in (config.node, *addresses):
        try:
            yield host(text or "")
        except CanonicalError:
            continue  # no name: a node called "weir", an address, nothing at all


def _built_in() -> tuple[dict[str, str], set[str]]:
    protected, domains = {}, set()
    for group_id, group in built_in_groups().items():
        for written in group.names:
            name = written.removeprefix("=")
            protected[name] = group_id
            if name == written:
                domains.add(name)
    return protected, domains


def check_edit(source: ListSource, edit: Edit, guard: Guard) -> None:
    """EditError if an entry that is to be added would take away a protected name."""
    if edit.change is not Change.ADD or source.kind is Kind.PROTECTED or edit.scope is Scope.ADDRESS:
        return
    reach = REACH[edit.scope]
    taken = guard.protector(edit.name) if reach & AT_NAME or edit.name in guard.domains else None
    if taken is None and reach & BELOW:
        taken = next((name for name in guard.protected if name.endswith(f".{edit.name}")), None)
    if taken is not None:
        raise EditError(
            f"list {source.id}: {edit.name} would take away {taken}, which is protected ({guard.protected[taken]}); no "
            "list may block it. If it must be, take it out of protection first (admin.gates)"
        )
