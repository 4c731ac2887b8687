"""The life of entries: since when a name is listed, what a version changed, which entries are to be looked at again.

The ledger follows the version that serves, after it is in force: nobody waits for it, and what a crash leaves undone
is caught up from the texts that are kept. Of secret lists nothing is kept here and no name is given out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from blocklists.differences import Difference, difference
from blocklists.formats.plain import Stateless
from blocklists.formats.protocol import DocumentParser, Row
from blocklists.formats.reading import parse_line, rows
from blocklists.formats.registry import make_parser
from blocklists.formats.text import lines
from blocklists.ledger import Ledger, Notes, Since, read_ledger, write_ledger
from blocklists.list_store import ListStore
from blocklists.model import Action, Confidentiality, Entry, ListSource, Scope
from blocklists.records import Serving

MOST_SCANNED = 50_000
"""Lines that one page of the review queue reads: less than half a second."""
_SCOPES = (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD)


@dataclass(frozen=True, slots=True)
class ReviewPart:
    """Entries that are to be looked at again. ``after`` is the line to go on behind; None at the end of the list."""

    entries: tuple[tuple[Entry, Since], ...]
    after: int | None


class EntryLives:
    """What is known of the entries of all lists. Reads and writes files: to be called in a thread."""

    def __init__(self, store: ListStore, suffixes: Collection[str]) -> None:
        """``suffixes`` are the public suffixes, as A-labels."""
        self._store, self._suffixes = store, suffixes

    def follow(self, source: ListSource, now: float) -> bool:
        """Bring the ledger to the version that serves; True if it was behind. ``now`` is Unix seconds. OSError."""
        serving = self._store.serving_for(source)
        if serving is None or source.confidentiality is Confidentiality.SECRET:
            return False
        path = self._store.ledger_path(source.id)
        ledger = self._ledger(source)
        if ledger is not None and ledger.notes.version == serving.digest:
            return False
        at = serving.accepted or serving.fetched if self._store.pin_for(source) is None else now
        advanced = None if ledger is None else self._advanced(source, ledger, serving, at)
        write_ledger(path, advanced or Ledger.begun(self._store.key(), serving.digest, at))
        return True

    def notes(self, source: ListSource) -> Notes | None:
        """What versions changed, in numbers; None without a ledger."""
        ledger = self._ledger(source)
        return None if ledger is None else ledger.notes

    def since(self, source: ListSource, name: str) -> Since | None:
        """Since when the list names ``name``, a canonical host that it does name; None where that is not kept."""
        if (ledger := self._ledger(source)) is None:
            return None
        key = self._store.key()
        found = [ledger.since(key, Entry(name, scope)) for scope in _SCOPES]
        return max(found, key=lambda since: since.exact)

    def difference(self, source: ListSource, before: str, after: str) -> Difference | None:
        """What the kept version ``after`` changed against ``before``; None if that is too much to tell.

        LookupError if a text is not kept. What is given out of it for a secret list is the caller's to bound.
        """
        texts = [self._store.text_for(source, digest) for digest in (before, after)]
        if texts[0] is None or texts[1] is None:
            raise LookupError(before if texts[0] is None else after)
        return difference(source, texts[0], texts[1], self._suffixes)

    def review(self, source: ListSource, now: float, *, after: int, limit: int) -> ReviewPart | None:
        """Entries that are older than the list's ``review_after``, from behind line ``after`` on.

        A part may have fewer than ``limit``, or none, although more follow. None if the list has no such queue here.
        """
        wait, ledger = source.handling.review_after, self._ledger(source)
        serving = self._store.serving_for(source)
        text = None if serving is None else self._store.text(source.id, serving.digest)
        if wait is None or ledger is None or text is None:
            return None
        key = self._store.key()
        found: list[tuple[Entry, Since]] = []
        for number, entries in _numbered(source, text, after):
            for entry in entries:
                since = ledger.since(key, entry)
                if now - since.at >= wait and not self._is_left_out(source, entry):
                    found.append((entry, since))
            if len(found) >= limit or number >= after + MOST_SCANNED:
                return ReviewPart(tuple(found), number)
        return ReviewPart(tuple(found), None)

    def _is_left_out(self, source: ListSource, entry: Entry) -> bool:
        """A public suffix, which the list may name but does not block."""
        wide = entry.scope in {Scope.DOMAIN, Scope.WILDCARD}
        return wide and not source.public_suffixes and entry.name in self._suffixes

    def _ledger(self, source: ListSource) -> Ledger | None:
        if source.confidentiality is Confidentiality.SECRET:
            return None
        ledger = read_ledger(self._store.ledger_path(source.id))
        return ledger if ledger is not None and ledger.is_of(self._store.key()) else None

    def _advanced(self, source: ListSource, ledger: Ledger, serving: Serving, at: float) -> Ledger | None:
        before = self._store.text(source.id, ledger.notes.version)
        after = self._store.text(source.id, serving.digest)
        if before is None or after is None:
            return None
        row = {kept.digest: kept.counts.duplicate for kept in self._store.versions(source.id)}
        repeats = any(row.get(digest, 1) for digest in (ledger.notes.version, serving.digest))
        changed = difference(source, before, after, self._suffixes, repeats=repeats)
        if changed is None:
            return None
        return ledger.advanced(self._store.key(), serving.digest, at, changed)


def _numbered(source: ListSource, text: bytes, after: int) -> Iterator[tuple[int, tuple[Entry, ...]]]:
    """The lines, rows or items behind number ``after``, each with its entries."""
    parser = make_parser(source)
    found: Iterator[Row] = rows(parser, text)
    if isinstance(parser, Stateless) and not isinstance(parser, DocumentParser):
        behind = islice(enumerate(lines(text), start=1), after, None)
        found = ((number, parse_line(parser, line, number)) for number, line in behind)
    for number, outcomes in found:
        if number <= after:
            continue
        yield number, tuple(item for item in outcomes if isinstance(item, Entry) and _blocks(item))


def _blocks(entry: Entry) -> bool:
    return entry.action is not Action.ALLOW
