"""The reference reading of a list: every line through its Python parser, every line accounted for.

The compiler's native path must give the same entries and counts; here nothing is clever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from blocklists.formats.protocol import LineParser, Outcome
from blocklists.formats.registry import line_parser
from blocklists.model import Action, Disposition, Entry, ListCounts, ListSource, Scope, Skip, SkipReason

BAD_REASONS = frozenset({SkipReason.MALFORMED, SkipReason.BAD_NAME})
"""What the error budget of ``gates`` counts and ``first_bad_lines`` shows."""
SHOWN_BAD_LINES = 10

_BOM = b"\xef\xbb\xbf"
_Key = tuple[str, Scope, Action, bool]


def read(
    source: ListSource, data: bytes, *, suffixes: Collection[str] = frozenset()
) -> tuple[tuple[Entry, ...], ListCounts]:
    """All entries of one version in order of first appearance, and where its lines went.

    ``suffixes`` are public suffixes: a block of one and all below it is left out unless the source allows it.
    ValueError for a format or scope that the source must not have; the bytes never cause an error.
    """
    tally = _Tally(frozenset() if source.public_suffixes else suffixes)
    parser = line_parser(source)
    for number, line in enumerate(lines(data), start=1):
        tally.line(number, parser.parse(line, number))
    return tally.finish(parser)


def lines(data: bytes) -> Iterator[str]:
    """The lines of a list without their LF or CRLF, BOM taken off; a last line needs no line end."""
    text = data.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    parts = text.split("\n")
    if not parts[-1]:
        del parts[-1]
    return (part.removesuffix("\r") for part in parts)


def disposition(entry: Entry) -> Disposition:
    """What enforcement an entry can get: a URL never changes a DNS answer."""
    return Disposition.URL_FILTER if entry.scope in {Scope.URL, Scope.URL_PREFIX} else Disposition.DNS


def identity(entry: Entry) -> _Key:
    """What makes two entries of one list the same."""
    return entry.name, entry.scope, entry.action, entry.important


class _Tally:
    """Counts as ``ListCounts`` defines them."""

    def __init__(self, suffixes: Collection[str]) -> None:
        self._suffixes = suffixes
        self._entries: dict[_Key, Entry | None] = {}  # None: seen, and left out as a public suffix
        self._skipped: Counter[SkipReason] = Counter()
        self._entry_skips: Counter[SkipReason] = Counter()
        self._bad: list[tuple[int, SkipReason]] = []
        self._lines = self._accepted = self._duplicate = 0

    def line(self, number: int, outcomes: tuple[Outcome, ...]) -> None:
        """Account for one line."""
        self._lines += 1
        seen = new = False
        reasons: list[SkipReason] = []
        for outcome in outcomes:
            verdict = outcome.reason if isinstance(outcome, Skip) else self._add(outcome)
            if isinstance(verdict, SkipReason):
                reasons.append(verdict)
            else:
                new, seen = new or verdict, seen or not verdict
        if new or seen:
            self._accepted += new
            self._duplicate += not new
            self._entry_skips.update(reasons)
            return
        self._skipped[reasons[0]] += 1
        if reasons[0] in BAD_REASONS and len(self._bad) < SHOWN_BAD_LINES:
            self._bad.append((number, reasons[0]))

    def finish(self, parser: LineParser) -> tuple[tuple[Entry, ...], ListCounts]:
        """Close the file."""
        for entry in parser.finish():
            self._entries[identity(entry)] = entry
        for entry in parser.removed():
            self._entries.pop(identity(entry), None)
        entries = tuple(entry for entry in self._entries.values() if entry is not None)
        return entries, ListCounts(
            lines=self._lines,
            accepted=self._accepted,
            duplicate=self._duplicate,
            skipped=dict(self._skipped),
            entries=len(entries),
            entry_skips=dict(self._entry_skips),
            dispositions=dict(Counter(map(disposition, entries))),
            first_bad_lines=tuple(self._bad),
        )

    def _add(self, entry: Entry) -> bool | SkipReason:
        """True for a new entry, False for one seen before, the reason for one left out."""
        key = identity(entry)
        if key in self._entries:
            return False
        takes_customers = entry.action is not Action.ALLOW and entry.scope in {Scope.DOMAIN, Scope.WILDCARD}
        is_left_out = takes_customers and entry.name in self._suffixes
        self._entries[key] = None if is_left_out else entry
        return SkipReason.PUBLIC_SUFFIX if is_left_out else True
