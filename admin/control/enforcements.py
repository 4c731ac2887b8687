"""When each version of a list came into force: what latencies in certificates are measured from. Reads the list store."""

from __future__ import annotations

from collections.abc import Collection
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from blocklists.model import ListSource
from blocklists.sync import ListStore

if TYPE_CHECKING:
    from admin.services.probe_records import Enforcement


class Enforcements:
    """Compares what is in force with what was."""

    def __init__(self, store: ListStore, began: float) -> None:
        """``began`` (Unix seconds): of a version that was fetched before, an earlier process saw it come into force."""
        self._store, self._began = store, began
        self._before: frozenset[tuple[str, str]] = frozenset()

    def published(self, compiled: Collection[tuple[ListSource, str]], now: float) -> list[Enforcement]:
        """The versions that are in force since this publication. ``compiled``: each list, and its version's digest."""
        sources = {(source.id, digest): source for source, digest in compiled}
        fresh = sources.keys() - self._before
        self._before = frozenset(sources)
        found = (
            self._enforcement(source, digest, now)
            for (_, digest), source in sources.items()
            if (source.id, digest) in fresh
        )
        return [item for item in found if item is not None]

    def _enforcement(self, source: ListSource, digest: str, now: float) -> Enforcement | None:
        from admin.services.probe_records import Enforcement

        kept = self._store.versions(source.id)
        place = next((place for place, version in enumerate(kept) if version.digest == digest), None)
        if place is None or kept[place].fetched < self._began:
            return None
        version, older = kept[place], kept[place + 1 :]
        entries = version.counts.entries
        shrank = bool(older) and older[0].counts.entries > entries
        return Enforcement(source.id, version.fetched, now, _moment(version.last_modified), entries, shrank)


def _moment(last_modified: str) -> float | None:
    """Unix seconds of an HTTP date (RFC 9110 section 5.6.7); None for anything else."""
    try:
        return parsedate_to_datetime(last_modified).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
