"""What the database holds beside the file, as checked sections. Frozen values and the reading of rows; no session.

``load_stored`` and ``refreshed`` (``admin.services.loading``) make them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from admin.config import Config
from admin.config.fields import Section
from admin.config.lists import ListConfig
from admin.config.people import CategoryConfig, ProfileConfig, SubscriberConfig
from admin.services.categories import CategoryKind
from admin.services.errors import InvalidError
from admin.services.kinds import Kind
from admin.services.lists_declared import ListKind
from admin.services.profiles import ProfileKind
from admin.services.subscribers import SubscriberKind

KINDS: Mapping[str, Kind[Any, Any]] = MappingProxyType(
    {kind.words.section: kind for kind in (ListKind(), CategoryKind(), ProfileKind(), SubscriberKind())}
)
"""By the key of the configuration, which is also the name of the field of ``Stored``."""

SECTION_OF_EVENT: Mapping[str, str] = MappingProxyType(
    {
        event.value: section
        for section, kind in KINDS.items()
        for event in (kind.words.created, kind.words.changed, kind.words.deleted)
    }
)
"""What an event says has changed."""

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stored:
    """All documents by id, in the order of their ids. ``sequence`` is the event up to which this holds."""

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


def read_rows(
    section: str, declared: Config, rows: Iterable[tuple[str, Mapping[str, object]]]
) -> tuple[dict[str, Section], dict[tuple[str, str], str]]:
    """Documents by id, and what is wrong with those that cannot be read. ``declared`` gives the folder of paths."""
    kind = KINDS[section]
    found: dict[str, Section] = {}
    unreadable: dict[tuple[str, str], str] = {}
    for item_id, document in rows:
        try:
            found[item_id] = kind.read(declared, item_id, document)
        except InvalidError as error:
            unreadable[section, item_id] = (
                f"{kind.words.noun} `{item_id}` of the database cannot be used and is left out: {error}"
            )
    return found, unreadable
