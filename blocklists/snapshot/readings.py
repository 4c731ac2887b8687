"""Versions that were read for the gates, kept for the compilation that follows: no list is read twice.

What is kept are hashes under a key that no snapshot has yet, and never text. The key is used for one compilation,
that of secret lists (the index key) is the box's.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from blocklists.canonical_text import Said, canonical_text, is_scanned, never_listed
from blocklists.guard import NO_GUARD, Guard
from blocklists.model import Confidentiality, Kind, ListCounts, ListSource, ListVersion
from blocklists.snapshot import native
from blocklists.snapshot.changing import VersionChange, version_change
from blocklists.snapshot.covering import coverage_of
from blocklists.snapshot.intake import Hears, Intake
from blocklists.snapshot.tokens import TokenTable

MOST_EXPECTED = 1 << 25
"""Entries that room is made for in advance, 900 MB of addresses; memory of it is only what entries come to lie in."""
MOST_KEPT = 1 << 22
"""Entries that are kept for a compilation, of all lists together: at 27 bytes each, about 110 MB for some seconds."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One version, read: the source as it was configured, the SHA-256 of the text, and what it came to."""

    source: ListSource
    text: bytes
    intake: Intake

    def is_of(self, source: ListSource, text: bytes) -> bool:
        """Whether this is what reading a version with the digest ``text`` would give now."""
        return self.source == source and self.text == text


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a compilation starts from: its key, and what was read under it by list id.

    ``index_key`` is that of secret lists, INDEX_KEY_BYTES; without one they cannot be compiled.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(native.KEY_BYTES), repr=False)
    readings: Mapping[str, Reading] = field(default_factory=dict)
    index_key: bytes | None = field(default=None, repr=False)
    guard: Guard = NO_GUARD
    """The readings were made with it; no list speaks at its protected names."""


_Succession = tuple[ListSource, str, str, str]
"""The digests of a version and of the next one, and the shield of the guarded names."""


class Readings:
    """Counts versions and keeps what it read. Thread-safe."""

    def __init__(self, suffixes: Collection[str], index_key: bytes | None = None) -> None:
        """``suffixes`` are the public suffixes, as A-labels; ``index_key`` is for the secret lists."""
        self._suffixes, self.index_key = suffixes, index_key
        self._lock = threading.Lock()
        self._key = Prepared().key
        self._kept: dict[str, Reading] = {}
        self._changes: dict[str, tuple[_Succession, VersionChange]] = {}
        self._said: dict[str, tuple[ListSource, bytes, Said]] = {}
        self._guard = NO_GUARD

    @property
    def guard(self) -> Guard:
        """The names that lists are held against."""
        return self._guard

    def hold_against(self, guard: Guard) -> None:
        """Use other names from now on; what was read with the ones before is read again."""
        with self._lock:
            if guard.shield != self._guard.shield:
                self._kept, self._said = {}, {}
            self._guard = guard

    def count(self, source: ListSource, data: bytes) -> ListCounts:
        """Where the lines of one version go, as the gates ask; in place of what was read of this list before."""
        with self._lock:
            key, guard = self._key, self._guard
        keys = Prepared(key, index_key=self.index_key, guard=guard)
        said = None if is_scanned(source) else Said(source, self._suffixes, never_listed(source, guard))
        intake = read_list(source, data, self._suffixes, keys, said)
        reading = Reading(source, hashlib.sha256(data).digest(), intake)
        with self._lock:
            if said is not None:
                self._said[source.id] = source, reading.text, said
            self._kept.pop(source.id, None)
            kept = sum(other.intake.counts.entries for other in self._kept.values())
            if (
                key == self._key
                and guard.shield == self._guard.shield
                and kept + intake.counts.entries <= MOST_KEPT
            ):
                self._kept[source.id] = reading
        return replace(intake.counts, coverage=coverage_of(intake, guard))

    def text(self, source: ListSource, data: bytes) -> bytes:
        """The canonical text of a version: at no cost right after it was counted, once, if a parser read it."""
        with self._lock:
            known, digest, said = self._said.pop(source.id, (None, b"", None))
        if said is not None and known == source and digest == hashlib.sha256(data).digest():
            return said.text()
        return canonical_text(source, data, self._suffixes, never_listed(source, self._guard))

    def recount(
        self, source: ListSource, before: ListVersion, counts: ListCounts, after: ListVersion
    ) -> ListCounts | None:
        """The counts of ``after`` from those of ``before`` and what differs; None if only reading all of it tells."""
        guard = self._guard
        if source.kind is Kind.PROTECTED or counts.coverage.reference != guard.digest:
            return None
        change = self._change(source, before.data, after.data)
        if change is None:
            return None
        with self._lock:
            self._changes[source.id] = (source, before.digest, after.digest, guard.shield), change
            self._kept.pop(source.id, None)
        return change.counts(counts)

    def moved(self, source: ListSource, before: str, after: str) -> tuple[int, int] | None:
        """How many entries came with the version ``after`` and how many went, if ``recount`` has just found that out."""
        with self._lock:
            known, change = self._changes.get(source.id, (None, None))
        return (
            None if change is None or known is None or known[:3] != (source, before, after) else change.moved
        )

    def change(
        self, source: ListSource, before: str, after: str, text: Callable[[str], bytes | None]
    ) -> VersionChange | None:
        """What the version with the digest ``after`` says otherwise than ``before``, whose texts ``text`` gives; once.

        None if only compiling tells, or a text is not at hand.
        """
        if source.kind is Kind.PROTECTED:
            return None
        with self._lock:
            known, change = self._changes.pop(source.id, (None, None))
            self._kept.pop(source.id, None)
        if known == (source, before, after, self._guard.shield):
            return change
        old, new = text(before), text(after)
        return None if old is None or new is None else self._change(source, old, new)

    def _change(self, source: ListSource, before: bytes, after: bytes) -> VersionChange | None:
        return version_change(source, before, after, self._suffixes, self._guard, Prepared().key)

    def forget(self, list_id: str) -> None:
        """A version that was counted is not going to be compiled."""
        with self._lock:
            for kept in (self._kept, self._changes, self._said):
                kept.pop(list_id, None)

    def take(self) -> Prepared:
        """Hand over everything for one compilation, which changes it; what is counted from now on has a new key."""
        with self._lock:
            prepared = Prepared(self._key, self._kept, self.index_key, self._guard)
            self._key, self._kept, self._changes, self._said = Prepared().key, {}, {}, {}
        return prepared


def read_list(
    source: ListSource, data: bytes, suffixes: Collection[str], keys: Prepared, hearer: Hears | None = None
) -> Intake:
    """Read one list by itself, under the key that its kind of list has; a secret one without any is only counted.

    ``hearer`` is told the rows that a parser reads.
    """
    key = keys.key
    if source.confidentiality is Confidentiality.SECRET:
        key = keys.index_key or secrets.token_bytes(native.INDEX_KEY_BYTES)
    builder = native.Builder(key, expected([data]))
    mark(builder, suffixes)
    intake = Intake(source, 0, builder, TokenTable(), suffixes, keys.guard)
    intake.hearer = hearer
    intake.read(data)
    return intake


def expected(texts: Iterable[bytes]) -> int:
    """Room to begin with, so that the builder need not grow: every line a name, within reason."""
    return min(sum(text.count(b"\n") for text in texts), MOST_EXPECTED)


def mark(builder: native.Builder, suffixes: Collection[str]) -> None:
    """Let the scanner hand lines that name a public suffix to the parser; single labels are never clean anyway."""
    for suffix in suffixes:
        if "." in suffix and suffix.isascii():
            builder.mark(suffix.encode())
