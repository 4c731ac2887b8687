"""How a generation's file keeps equal safe-search tables once: thousands of policies use the same few hundred names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from resolver.tables.model import Tables


def share(tables: Tables) -> Tables:
    """The same generation with each different safe-search table once, as it is written."""
    places: dict[int, int] = {}
    contents: dict[frozenset[tuple[bytes, bytes]], int] = {}
    distinct: list[Mapping[bytes, bytes]] = []
    used: dict[int, int] = {}
    for policy in tables.policies:
        table = policy.safe_search
        if not table:
            continue
        place = places.get(id(table))
        if place is None:  # seen as an object first: hashing the content of each would take minutes
            place = contents.setdefault(frozenset(table.items()), len(distinct))
            if place == len(distinct):
                distinct.append(table)
            places[id(table)] = place
        used[policy.number] = place
    bare = tuple(
        replace(policy, safe_search={}) if policy.safe_search else policy for policy in tables.policies
    )
    return replace(tables, policies=bare, safe_search=tuple(distinct), safe_search_of=used)


def unshare(tables: Tables) -> Tables:
    """What ``share`` was given; policies share the table objects. KeyError or IndexError if the places are damaged."""
    policies = tuple(
        replace(policy, safe_search=tables.safe_search[tables.safe_search_of[policy.number]])
        if policy.number in tables.safe_search_of
        else policy
        for policy in tables.policies
    )
    return replace(tables, policies=policies, safe_search=(), safe_search_of={})
