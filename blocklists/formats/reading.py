"""The reference reading of a list: every line (row, item) through its Python parser, every one accounted for.

The compiler's native path must give the same entries and counts; here nothing is clever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from blocklists.formats.facts import disposition, left_out, traits
from blocklists.formats.names import MALFORMED, is_comment
from blocklists.formats.protocol import DocumentParser, Found, LineParser, Outcome, Parser, Row
from blocklists.formats.registry import make_parser
from blocklists.formats.text import lines
from blocklists.model import Action, Entry, HashedEntry, ListCounts, ListSource, Scope, Skip, SkipReason

BAD_REASONS = frozenset({SkipReason.MALFORMED, SkipReason.BAD_NAME})
"""What the error budget of ``gates`` counts and ``first_bad_lines`` shows."""
SHOWN_BAD_LINES = 10
LONGEST_LINE = 262_144
"""Characters. The longest filter rules in use have a tenth of it; words of a line take up to 180 times its memory."""

_Key = tuple[str, Scope, Action, bool] | HashedEntry


def read(
    source: ListSource,
    data: bytes,
    *,
    suffixes: Collection[str] = frozenset(),
    never: Collection[str] = frozenset(),
) -> tuple[tuple[Entry | HashedEntry, ...], ListCounts]:
    """All entries of one version in order of first appearance, and where its lines went.

    ``suffixes`` are public suffixes: a block of one and all below it is left out unless the source allows it. ``never``
    are names whose pages no list may touch.
    ValueError for a format or scope that the source must not have; the bytes never cause an error.
    """
    tally = _Tally(frozenset() if source.public_suffixes else suffixes, never)
    parser = make_parser(source)
    for number, outcomes in rows(parser, data):
        tally.line(number, outcomes)
    return tally.finish(parser)


def rows(parser: Parser, data: bytes) -> Iterator[Row]:
    """Every line, row or item of a list with its number and what it gives."""
    if isinstance(parser, DocumentParser):
        return parser.rows(data)
    return ((number, parse_line(parser, line, number)) for number, line in enumerate(lines(data), start=1))


def parse_line(parser: LineParser, line: str, number: int) -> tuple[Outcome, ...]:
    """As ``LineParser.parse``, within bounds: a line with more than LONGEST_LINE is malformed, whatever the format.

    Blanks around it do not count, nor do comments: the native scanner passes over both.
    """
    if len(line) > LONGEST_LINE and len(text := line.strip()) > LONGEST_LINE and not is_comment(text):
        return MALFORMED
    return parser.parse(line, number)


def identity(entry: Entry | HashedEntry) -> _Key:
    """What makes two entries of one list the same."""
    if isinstance(entry, HashedEntry):
        return entry
    return entry.name, entry.scope, entry.action, entry.important


class _Tally:
    """Counts as ``ListCounts`` defines them."""

    def __init__(self, suffixes: Collection[str], never: Collection[str]) -> None:
        self._suffixes, self._never = suffixes, never
        self._entries: dict[_Key, Entry | HashedEntry | None] = {}  # None: seen, and left out
        self._skipped: Counter[SkipReason] = Counter()
        self._entry_skips: Counter[SkipReason] = Counter()
        self._bad: list[tuple[int, SkipReason]] = []
        self._lines = self._accepted = self._duplicate = 0

    def line(self, number: int, outcomes: tuple[Found, ...]) -> None:
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

    def finish(self, parser: Parser) -> tuple[tuple[Entry | HashedEntry, ...], ListCounts]:
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
            traits=dict(Counter(trait for entry in entries for trait in traits(entry))),
            first_bad_lines=tuple(self._bad),
        )

    def _add(self, entry: Entry | HashedEntry) -> bool | SkipReason:
        """True for a new entry, False for one seen before, the reason for one left out."""
        key = identity(entry)
        if key in self._entries:
            return False
        reason = None if isinstance(entry, HashedEntry) else left_out(entry, self._suffixes, self._never)
        self._entries[key] = entry if reason is None else None
        return True if reason is None else reason
