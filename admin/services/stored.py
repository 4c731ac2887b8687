"""What the database holds beside the file, as checked sections: a frozen value. ``admin.services.loading`` makes it.

Nothing here knows the database, so that a start with nothing stored need not load it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from admin.config.fields import Section
from admin.config.lists import ListConfig
from admin.config.people import CategoryConfig, ProfileConfig, SubscriberConfig

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stored:
    """All documents by id. ``sequence`` is the event up to which this holds."""

    lists: Mapping[str, ListConfig] = field(default_factory=lambda: _NONE)
    categories: Mapping[str, CategoryConfig] = field(default_factory=lambda: _NONE)
    profiles: Mapping[str, ProfileConfig] = field(default_factory=lambda: _NONE)
    subscribers: Mapping[str, SubscriberConfig] = field(default_factory=lambda: _NONE)
    sequence: int = 0
    unreadable: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """What cannot be used as it stands, by section and id, in words: another version wrote it, or somebody's hand."""

    def section(self, name: str) -> Mapping[str, Section]:
        """The documents of a key of the configuration."""
        found: Mapping[str, Section] = getattr(self, name)
        return found


NOTHING_STORED = Stored()

SUBSCRIBERS = "subscribers"


@dataclass(frozen=True, slots=True)
class Changed:
    """Which ids of which section may have changed; ``whole`` are sections that were read anew."""

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything may have changed."""
        return bool(self.ids or self.whole)

    def __or__(self, other: Changed) -> Changed:
        """Both."""
        none: frozenset[str] = frozenset()
        sections = self.ids.keys() | other.ids.keys()
        ids = {name: self.ids.get(name, none) | other.ids.get(name, none) for name in sections}
        return Changed(ids, self.whole | other.whole)

    @property
    def subscribers_alone(self) -> frozenset[str] | None:
        """The subscribers, if nothing else may have changed and each of them is named."""
        return None if self.whole or set(self.ids) != {SUBSCRIBERS} else self.ids[SUBSCRIBERS]


NOTHING_CHANGED = Changed()
EVERYTHING_CHANGED = Changed(whole=frozenset({"lists", "categories", "profiles", SUBSCRIBERS}))
