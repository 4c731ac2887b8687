"""The records of one list while it is read: what a list says of pages and by digests, never its text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from blocklists.model import Entry, HashedEntry, ListSource
from blocklists.urls.records import KEY_BYTES, OF_NAMES, Sought, record, records_of

_SUM_BYTES = 16


def index_key(build_key: bytes) -> bytes:
    """The key of the records of a build, made from that of its compiled table, so that neither tells the other."""
    return hashlib.blake2b(build_key, digest_size=KEY_BYTES, person=b"weir url index").digest()


class UrlRecords:
    """The records of one list, each once, under the key of one build."""

    def __init__(self, source: ListSource, build_key: bytes) -> None:
        """``build_key`` is that of the compiled table: records of several lists fit into one index if it is the same."""
        self.source = source
        self._key = index_key(build_key)
        self._records: dict[bytes, None] = {}
        self._kinds: set[Sought] = set()
        self._names = 0

    def add(self, entry: Entry | HashedEntry) -> bool:
        """True for an entry that says something new."""
        before = len(self._records)
        for sought, content in records_of(entry, self.source):
            made = record(self._key, sought, content)
            if made not in self._records:
                self._records[made] = None
                self._kinds.add(sought)
                if sought.reach in OF_NAMES:
                    self._note_name(sought, content)
        return len(self._records) > before

    @property
    def kinds(self) -> frozenset[Sought]:
        """What must be looked for to find them all."""
        return frozenset(self._kinds)

    @property
    def names(self) -> bytes:
        """Another value whenever the list names other hosts by digest, under whatever key; empty if it names none."""
        return (
            self._names.to_bytes(_SUM_BYTES, "little")
            if OF_NAMES & {kind.reach for kind in self._kinds}
            else b""
        )

    def __iter__(self) -> Iterator[bytes]:
        """The records."""
        return iter(self._records)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._records)

    def _note_name(self, sought: Sought, content: bytes) -> None:
        """A sum does not depend on the order of the list's lines."""
        digest = hashlib.blake2b(repr(sought).encode() + content, digest_size=_SUM_BYTES).digest()
        self._names = (self._names + int.from_bytes(digest, "little")) % (1 << 8 * _SUM_BYTES)
