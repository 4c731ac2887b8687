"""The records of one list while it is read: what a list says of pages and by digests, never its text."""

from __future__ import annotations

from collections.abc import Iterator

from blocklists.model import Confidentiality, Entry, HashedEntry, ListSource
from blocklists.urls.records import OF_NAMES, RECORD_BYTES, Sought, record, record_key, records_of

_PLAIN_KEY = record_key(b"")
"""For sums that must not change from build to build, of lists that are no secret."""


class UrlRecords:
    """The records of one list, each once, under the key of the table that its names go into."""

    def __init__(self, source: ListSource, table_key: bytes) -> None:
        """``table_key`` is the compiled table's: of one build, or for a secret list that of the box."""
        self.source = source
        self._key = record_key(table_key)
        self._records: dict[bytes, None] = {}
        self._kinds: set[Sought] = set()
        self._sum = 0

    def add(self, entry: Entry | HashedEntry) -> bool:
        """True for an entry that says something new."""
        before = len(self._records)
        for sought, content in records_of(entry, self.source):
            made = record(self._key, sought, content)
            if made not in self._records:
                self._records[made] = None
                self._kinds.add(sought)
                if sought.reach in OF_NAMES:
                    self._add_up(made if self.is_secret else record(_PLAIN_KEY, sought, content))
        return len(self._records) > before

    @property
    def is_secret(self) -> bool:
        """Whether the list is, and its records therefore under the key of the box."""
        return self.source.confidentiality is Confidentiality.SECRET

    @property
    def kinds(self) -> frozenset[Sought]:
        """What must be looked for to find them all."""
        return frozenset(self._kinds)

    @property
    def names(self) -> int:
        """Another number whenever the list names other hosts by digest, in whatever build; 0 if it names none."""
        return self._sum

    def __iter__(self) -> Iterator[bytes]:
        """The records."""
        return iter(self._records)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._records)

    def _add_up(self, digest: bytes) -> None:
        """A sum does not depend on the order of the list's lines."""
        self._sum = (self._sum + int.from_bytes(digest, "little")) % (1 << 8 * RECORD_BYTES)
