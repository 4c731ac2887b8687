"""What lists are held against, kept current: by the configuration, the lists of protected names, and today's questions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

from admin.config import Config
from admin.control.lives import Lives
from admin.services.build import sources
from admin.services.guarding import guard_of
from blocklists.enforcement import Enforced
from blocklists.formats import read
from blocklists.list_store import ListStore
from blocklists.model import Entry, Kind, ListSource
from blocklists.snapshot.readings import Readings
from blocklists.suffixes import public_suffixes

MOST_PROTECTED = 100_000
"""Entries of one list of protected names that count here: whatever is longer protects half of the internet."""


class Guarding:
    """Gives ``Readings`` its guard. Thread-safe."""

    def __init__(
        self, store: ListStore, lives: Lives, readings: Readings, today: Callable[[], Iterable[str]]
    ) -> None:
        """``today`` are the names that are asked for most, most frequent first; none if nobody knows."""
        self._store, self._lives, self._readings, self._today = store, lives, readings, today
        self._turn = threading.Lock()
        """Whoever looks later sees more: two lists that come together must not have the one's look end behind the other's."""
        self._read: dict[str, tuple[ListSource, str, tuple[Entry, ...]]] = {}

    def follow(self, config: Config) -> None:
        """Hold lists against what this configuration and its lists of protected names say."""
        with self._turn:
            self._readings.hold_against(guard_of(config, self._entries(config), self._today()))

    def _entries(self, config: Config) -> Iterator[Entry]:
        switched = self._lives.enforced()
        for source in sources(config):
            if source.kind is Kind.PROTECTED and switched.get(source.id) is not Enforced.NOTHING:
                yield from self._of(source)

    def _of(self, source: ListSource) -> tuple[Entry, ...]:
        serving = self._store.serving_for(source)
        known = self._read.get(source.id)
        if serving is None:
            return ()
        if known is None or known[:2] != (source, serving.digest):
            version = self._store.load_for(source)
            if version is None:
                return ()
            found = read(source, version.data, suffixes=public_suffixes())[0]
            entries = tuple(entry for entry in found[:MOST_PROTECTED] if isinstance(entry, Entry))
            known = self._read[source.id] = source, serving.digest, entries
        return known[2]
