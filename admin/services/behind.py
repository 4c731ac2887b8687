"""Which lists stand behind what a name is listed as: categories are shared, so the bits alone do not tell. Pure."""

from __future__ import annotations

from typing import Protocol

from resolver.policy.model import Listing
from resolver.policy.verdict import suffixes


class ListReader(Protocol):
    """The part of the snapshot's reader that is asked here."""

    def lists_of(self, class_id: int, /, *, below: bool = False) -> tuple[str, ...]:
        """The ids of the lists behind a class: those that name the entry itself, or all below it."""


class NamesDigests(Protocol):
    """The part of ``resolver.tables.digests.DigestNames`` that is asked here."""

    def lists(self, wire: bytes, /) -> tuple[str, ...]:
        """The ids of the lists that name this name by digest."""


class KnowsLists(Protocol):
    """The part of ``resolver.tables.view.View`` that is asked here."""

    @property
    def reader(self) -> ListReader:
        """The compiled lists."""

    @property
    def digests(self) -> NamesDigests:
        """What lists say by digest."""


def lists_behind(view: KnowsLists, wire: bytes, listing: Listing) -> set[str]:
    """The ids of the lists that name a lower-case wire name, by itself or by something above it; secret ones too."""
    labels = sum(1 for _ in suffixes(wire))
    return set(view.digests.lists(wire)) | {
        name
        for length, class_id in listing.hits
        for name in view.reader.lists_of(class_id, below=length < labels)
    }
