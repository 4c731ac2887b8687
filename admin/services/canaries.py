"""Which names a list of the database may have as its canary. Pure.

A canary is blocked for everybody or for whole profiles without passing any gate, so a token that may write lists must not
make one of somebody else's name. The file's owner may name whatever is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable

from admin.config import Config
from admin.config.lists import ListConfig

RESERVED = ("test", "example", "example.com", "example.net", "example.org")
"""Nobody's names (RFC 2606). Not ``invalid`` and ``localhost``: those are answered before any list is asked."""


def canary_fault(item: ListConfig, declared: Config, others: Iterable[ListConfig]) -> str:
    """Why a stored list may not have its canary, in words; empty if it may, or has none."""
    name = item.canary
    if not name:
        return ""
    holder = next((other.id for other in (*declared.lists, *others) if other.canary == name), None)
    if holder is not None:
        return f"`{name}` is the canary of list {holder} already, so neither could be told from the other"
    own = (declared.node, *(zone.name for zone in declared.resolver.zones))
    if any(name == zone or name.endswith(f".{zone}") for zone in (*RESERVED, *own)):
        return ""
    return (
        f"`{name}` may be somebody else's; choose a name below test, example, this node's name or a zone of "
        "resolver.zones, or declare the list in the configuration's file"
    )
