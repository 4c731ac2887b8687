"""What one version of a list changed against another: entries that came and entries that went.

Most formats say all of an entry on its line, so that only the lines that differ are read; the others are read wholly.
Nothing here keeps or writes what it reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from blocklists.formats.plain import Stateless
from blocklists.formats.reading import identity, read
from blocklists.formats.registry import make_parser
from blocklists.model import Entry, HashedEntry, ListSource, Scope
from blocklists.snapshot import native
from blocklists.snapshot.readings import Prepared, read_list

MOST_LINES = 250_000
"""Lines that came or went, each, beyond which two versions are only said to be different: a reading of so many takes
a second, and nobody looks at more."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Entries in the order of their texts."""

    added: tuple[Entry, ...] = ()
    removed: tuple[Entry, ...] = ()


def difference(
    source: ListSource,
    before: bytes,
    after: bytes,
    suffixes: Collection[str] = frozenset(),
    *,
    repeats: bool = True,
) -> Difference | None:
    """What ``after`` changed; None if that is more than MOST_LINES. ``suffixes`` are the public suffixes.

    ``repeats`` False: neither names an entry twice (its counts say so), which saves two thirds of the time.
    """
    if before == after:
        return Difference()
    if not isinstance(make_parser(source), Stateless):
        return _whole(source, before, after, suffixes)
    key = Prepared().key
    came, went = (
        native.lines_not_in(text, other, key, MOST_LINES)
        for text, other in ((after, before), (before, after))
    )
    if max(len(came), len(went)) > MOST_LINES:
        return None
    added, removed = _entries(source, after, came, suffixes), _entries(source, before, went, suffixes)
    new = tuple(entry for key, entry in added.items() if key not in removed)
    old = tuple(entry for key, entry in removed.items() if key not in added)
    if not repeats:
        return Difference(new, old)
    return Difference(_not_in(source, new, before, suffixes), _not_in(source, old, after, suffixes))


def _whole(source: ListSource, before: bytes, after: bytes, suffixes: Collection[str]) -> Difference | None:
    if max(before.count(b"\n"), after.count(b"\n")) > MOST_LINES:
        return None
    old, new = (
        {identity(entry): entry for entry in _read(source, text, suffixes)} for text in (before, after)
    )
    return Difference(
        tuple(entry for key, entry in new.items() if key not in old),
        tuple(entry for key, entry in old.items() if key not in new),
    )


def _entries(
    source: ListSource, text: bytes, spans: Iterable[tuple[int, int]], suffixes: Collection[str]
) -> dict[object, Entry]:
    """The entries of these lines, by what makes them the same."""
    lines = b"\n".join(text[start:end] for start, end in spans)
    return {identity(entry): entry for entry in _read(source, lines, suffixes)}


def _read(source: ListSource, text: bytes, suffixes: Collection[str]) -> Iterator[Entry]:
    """The entries of a text; those that are digests under the digests' own spelling, as nobody knows the names."""
    for entry in read(source, text, suffixes=suffixes)[0]:
        yield Entry(_spelled(entry), Scope.URL) if isinstance(entry, HashedEntry) else entry


def _spelled(entry: HashedEntry) -> str:
    return f"{entry.digest.hex()}/{entry.path.hex()}/{entry.depth}" if entry.path else entry.digest.hex()


def _not_in(
    source: ListSource, found: tuple[Entry, ...], other: bytes, suffixes: Collection[str]
) -> tuple[Entry, ...]:
    """Those of ``found`` that ``other`` does not have on a line that both have, perhaps written otherwise."""
    if not found:
        return ()
    intake = read_list(source, other, suffixes, Prepared())
    return tuple(entry for entry in found if not intake.holds(entry))
