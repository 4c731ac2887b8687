"""A list's canary as the entry that is compiled with it. Pure.

The canary stands among the bits of its own list, so that it is blocked when, and only when, what is compiled of that list
is heard. It is no entry of the list's text: no gate and no number sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blocklists.model import Action, Entry, Kind, ListSource, Scope
from blocklists.properties import PolicyOverride

_ACTIONS: Mapping[PolicyOverride, Action] = MappingProxyType(
    {
        PolicyOverride.GIVEN: Action.BLOCK,
        PolicyOverride.NXDOMAIN: Action.NXDOMAIN,
        PolicyOverride.NODATA: Action.NODATA,
    }
)
"""What a canary asks for. Of the other overrides nothing can be seen for sure: no answer may be a lost packet."""


def canary_of(source: ListSource) -> Entry | None:
    """The entry; None if the list has no canary, or its enforcement cannot be told from its absence."""
    action = _ACTIONS.get(source.fetching.rpz.override)
    if not source.handling.canary or action is None or source.kind is Kind.PROTECTED:
        return None
    return Entry(source.handling.canary, Scope.HOST, action)
