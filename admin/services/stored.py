"""What the database holds beside the file, as checked sections; read whole once, then only what events say has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from admin.config.lists import ListConfig
from admin.config.people import CategoryConfig, ProfileConfig, SubscriberConfig
from admin.services.categories import CategoryKind
from admin.services.kinds import Kind
from admin.services.lists_declared import ListKind
from admin.services.profiles import ProfileKind
from admin.services.subscribers import SubscriberKind

_NONE: Mapping[str, Any] = MappingProxyType({})
_MOST_SINGLY = 500
"""Changed things of one kind that are read one by one; of more, all of the kind are read."""

_KINDS: Mapping[str, Kind[Any, Any]] = MappingProxyType(
    {kind.words.section: kind for kind in (ListKind(), CategoryKind(), ProfileKind(), SubscriberKind())}
)
_SECTION_OF_EVENTS: Mapping[str, str] = MappingProxyType(
    {
        event.value: section
        for section, kind in _KINDS.items()
        for event in (kind.words.created, kind.words.changed, kind.words.deleted)
    }
)


@dataclass(frozen=True, slots=True)
class Stored:
    """All documents by id. ``sequence`` is the event up to which this holds."""

    lists: Mapping[str, ListConfig] = field(default_factory=lambda: _NONE)
    categories: Mapping[str, CategoryConfig] = field(default_factory=lambda: _NONE)
    profiles: Mapping[str, ProfileConfig] = field(default_factory=lambda: _NONE)
    subscribers: Mapping[str, SubscriberConfig] = field(default_factory=lambda: _NONE)
    sequence: int = 0
    unreadable: tuple[str, ...] = ()
    """What cannot be used as it stands, in words: written by another version, or by hand."""
