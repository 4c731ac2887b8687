"""Working out what the public log says of a list's versions: once for each, kept, and the same ever after.

What lives here: when a digest is worked out and what opens it. What never does: what a line of a canonical text is
(``canonical_text``), what the log's files look like. Runs in threads: a million names take a seventh of a second.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from blocklists.canonical_text import READING, canonical_text, is_scanned, never_listed
from blocklists.edits import Change, Edit
from blocklists.guard import NO_GUARD, Guard
from blocklists.list_keys import Randomness
from blocklists.list_store import EDITS, ListStore
from blocklists.model import Confidentiality, ListSource
from blocklists.snapshot import native
from blocklists.version_digests import MOST_OPENINGS, OPENING_BYTES, Openings, VersionDigest, committed

MOST_PARSED = 2 * 1024 * 1024
"""Bytes of two versions that a parser may read to tell how many entries came and went: a quarter of a second."""
Moved = Callable[[ListSource, str, str], tuple[int, int] | None]
"""How many entries came with a version and how many went, against an earlier one, if that is known (``Readings.moved``)."""
TextOf = Callable[[ListSource, bytes], bytes]
"""The canonical text of a version, whose bytes are given."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What an auditor needs to recompute a digest."""

    opening: bytes = field(repr=False)
    """Empty for a public list, whose digest is a plain SHA-256."""
    text: bytes = field(repr=False)
    """The canonical text."""


class Digester:
    """Digests of versions and of edits. Thread-safe; a list that is worked on holds up no other."""

    def __init__(
        self,
        store: ListStore,
        suffixes: Collection[str],
        guard: Callable[[], Guard] = lambda: NO_GUARD,
        texts: TextOf | None = None,
        moved: Moved = lambda _source, _before, _after: None,
        randomness: Randomness = secrets.token_bytes,
    ) -> None:
        """``suffixes`` are the public suffixes, ``guard`` gives the names that lists are held against now, ``texts`` the
        texts by them both (``Readings.text``), by reading them by default, ``moved`` what is known of changes.
        """
        self._store, self._guard, self._moved, self._randomness = store, guard, moved, randomness
        self._texts = texts or (
            lambda source, data: canonical_text(source, data, suffixes, never_listed(source, guard()))
        )
        self._suffix_digest = _sha256("\n".join(sorted(suffixes)))
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def digest(self, source: ListSource, version: str, data: bytes | None = None) -> VersionDigest | None:
        """Of the version that is known by the digest ``version``; ``data`` is its text, if that is at hand.

        None if nothing is known of it and its text cannot be read. OSError if it cannot be remembered: nothing may be
        told of it then, or a commitment could not be opened later.
        """
        reading = self._reading(source)
        if (found := self._recorded(source.id, version, reading)) is not None:
            return found
        with self._turns[source.id]:
            if (found := self._recorded(source.id, version, reading)) is not None:
                return found
            data = self._store.text_for(source, version) if data is None else data
            return None if data is None else self._made(source, version, reading, data)

    def moved(self, source: ListSource, before: str, after: str) -> tuple[int, int] | None:
        """How many entries came with the version ``after`` and how many went, against ``before`` (empty: none); None if a
        text is not at hand, or finding out would take longer than the news is worth. OSError as ``digest``.
        """
        if (known := self._moved(source, before, after)) is not None:
            return known
        if not before:
            found = self.digest(source, after)
            return None if found is None else (found.entries, 0)
        old = self._store.text_for(source, before)
        new = self._store.text_for(source, after)
        if old is None or new is None:
            return None
        if not is_scanned(source) and len(old) + len(new) > MOST_PARSED:
            return None
        return native.lines_changed(self._texts(source, old), self._texts(source, new))

    def opened(self, source: ListSource, text: str) -> Opened | None:
        """What is behind the digest or commitment ``text`` of one of the versions that are kept; None if it cannot be
        opened (any more): erased, no longer kept, or of no list here.
        """
        for version in self._store.kept_digests(source.id):
            found = self._store.digests.find(source.id, version)
            openings = Openings.all_unpacked(self._store.texts.read_opening(source.id, version))
            if found is None or (found.text != text and len(openings) < 2):
                continue
            if (data := self._store.text(source.id, version)) is None:
                continue
            read = self._texts(source, data)
            for each in openings or (None,):
                if (opened := _checked(source, read, each, text)) is not None:
                    return opened
        return None

    def came_back(self, source: ListSource, version: str) -> None:
        """A list that is not public has a version again that it had before: another commitment is to stand for it from now
        on, or everybody would see which one it is. Those of before can still be opened. OSError.
        """
        if source.confidentiality is Confidentiality.PUBLIC:
            return
        with self._turns[source.id]:
            before = Openings.all_unpacked(self._store.texts.read_opening(source.id, version))
            if before:
                fresh = Openings(self._randomness(OPENING_BYTES), self._randomness(OPENING_BYTES))
                kept = b"".join(each.packed() for each in (fresh, *before)[:MOST_OPENINGS])
                self._store.texts.write_opening(source, version, kept)
                self._store.digests.drop(source.id, version)

    def feed(self, source: ListSource, version: str) -> Opened | None:
        """The opening of the commitment to what the source sent, and those bytes; None as ``opened``."""
        data = self._store.text(source.id, version)
        openings = Openings.unpacked(self._store.texts.read_opening(source.id, version))
        return None if data is None or openings is None else Opened(openings.feed, data)

    def edits(self, source: ListSource, edits: Sequence[Edit]) -> str:
        """The digest of the edits of a public list, the commitment to those of another; empty if there are none. OSError."""
        if not edits:
            return ""
        with self._turns[source.id]:
            return self._digest_of_edits(source, edits_text(edits))

    def opened_edits(self, source: ListSource, edits: Sequence[Edit]) -> Opened | None:
        """What an auditor needs to recompute the digest of these edits; None if it cannot be opened."""
        text = edits_text(edits)
        if source.confidentiality is Confidentiality.PUBLIC:
            return Opened(b"", text)
        opening = _opening_of_edits(self._store.texts.read_opening(source.id, EDITS), text)
        return None if opening is None else Opened(opening, text)

    def _recorded(self, list_id: str, version: str, reading: str) -> VersionDigest | None:
        """From the disk each time: whatever erases the list erases this too."""
        found = self._store.digests.find(list_id, version)
        return found if found is not None and found.reading == reading else None

    def _made(self, source: ListSource, version: str, reading: str, data: bytes) -> VersionDigest:
        """The opening is durable before the record, and both before anybody learns of them."""
        text, before = self._texts(source, data), self._store.digests.find(source.id, version)
        openings = Openings.unpacked(self._store.texts.read_opening(source.id, version))
        if openings is None or (before is not None and _digest_of(source, text, openings) != before.text):
            feed = self._randomness(OPENING_BYTES) if openings is None else openings.feed
            openings = Openings(self._randomness(OPENING_BYTES), feed)
            self._store.texts.write_opening(source, version, openings.packed())
        found = VersionDigest(
            version=version,
            reading=reading,
            entries=text.count(b"\n"),
            text=_digest_of(source, text, openings),
            feed=committed(openings.feed, data),
        )
        self._store.digests.put(source.id, found, {version, *self._store.kept_digests(source.id)})
        return found

    def _digest_of_edits(self, source: ListSource, text: bytes) -> str:
        if source.confidentiality is Confidentiality.PUBLIC:
            return hashlib.sha256(text).hexdigest()
        opening = _opening_of_edits(self._store.texts.read_opening(source.id, EDITS), text)
        if opening is None:
            opening = self._randomness(OPENING_BYTES)
            self._store.texts.write_opening(source, EDITS, opening + hashlib.sha256(text).digest())
        return committed(opening, text)

    def _reading(self, source: ListSource) -> str:
        """Of all that decides what the text of a version is, and whether it is told by digest or by commitment."""
        fetching = source.fetching
        is_public = source.confidentiality is Confidentiality.PUBLIC
        parts = (
            READING,
            is_public,
            source.format,
            source.kind,
            source.scope,
            source.addresses,
            "" if source.public_suffixes else self._suffix_digest,
            fetching.fields,
            fetching.hashes,
            fetching.rpz,
            sorted(never_listed(source, self._guard())),
        )
        return _sha256(repr(parts))


def edits_text(edits: Sequence[Edit]) -> bytes:
    """The canonical text of edits: one line each, ``add`` or ``remove``, scope, name; sorted by bytes."""
    lines = {
        f"{edit.change.value} {edit.scope.value} {edit.name}\n".encode()
        for edit in edits
        if edit.change is not Change.TAKE_BACK
    }
    return b"".join(sorted(lines))


def _digest_of(source: ListSource, text: bytes, openings: Openings) -> str:
    if source.confidentiality is Confidentiality.PUBLIC:
        return hashlib.sha256(text).hexdigest()
    return committed(openings.text, text)


def _checked(source: ListSource, text: bytes, openings: Openings | None, wanted: str) -> Opened | None:
    """The text with its opening, if they give the digest that is in the log."""
    is_public = source.confidentiality is Confidentiality.PUBLIC
    if openings is None and not is_public:
        return None
    opening = b"" if openings is None or is_public else openings.text
    found = hashlib.sha256(text).hexdigest() if is_public else committed(opening, text)
    return Opened(opening, text) if found == wanted else None


def _opening_of_edits(kept: bytes | None, text: bytes) -> bytes | None:
    """The opening, if it was drawn for these very edits: another text must not have the same."""
    if (
        kept is None
        or len(kept) != 2 * OPENING_BYTES
        or kept[OPENING_BYTES:] != hashlib.sha256(text).digest()
    ):
        return None
    return kept[:OPENING_BYTES]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
