"""The gates on the counts of a version: errors, emptiness, change of size. Pure.

How the limits on the size treat short lists: a list may always lose 10 entries and gain 100, because short lists change by
large shares. With the default limits a version of half the size is held from 21 entries on, one of twice the size from
101 on.
"""

from __future__ import annotations

from blocklists.gates.failures import Gate, GateFailure
from blocklists.model import ListCounts, ListSource, SkipReason

MIN_BAD_LINES = 5
"""So many bad lines are always forgiven: in a list of ten lines one slip is already a tenth."""
MIN_LOST = 10
"""A list may always lose so many entries."""
MIN_GAINED = 100
"""A list may always gain so many entries."""

_BAD = (SkipReason.MALFORMED, SkipReason.BAD_NAME)
_NO_RULE = (SkipReason.BLANK, SkipReason.COMMENT, SkipReason.HEADER)


def size_failures(
    source: ListSource, counts: ListCounts, previous: ListCounts | None, release: str
) -> tuple[GateFailure, ...]:
    """The gates that these counts do not pass; ``release`` is how to let the version serve all the same."""
    checks = (
        _errors(source, counts, release),
        _empty(counts, previous, release),
        *_change(source, counts, previous, release),
    )
    return tuple(failure for failure in checks if failure is not None)


def rule_lines(counts: ListCounts) -> int:
    """Lines that were meant as rules: all but blank lines, comments and headers."""
    return counts.lines - sum(counts.skipped.get(reason, 0) for reason in _NO_RULE)


def _errors(source: ListSource, counts: ListCounts, release: str) -> GateFailure | None:
    bad = sum(counts.skipped.get(reason, 0) for reason in _BAD)
    rules = rule_lines(counts)
    if bad <= max(MIN_BAD_LINES, source.max_errors * rules):
        return None
    first = f", the first in line {counts.first_bad_lines[0][0]}" if counts.first_bad_lines else ""
    message = (
        f"{bad:,} of {rules:,} rule lines ({bad / rules:.1%}) are not in the format {source.format}{first}; "
        f"{source.max_errors:.1%} are allowed."
    )
    return GateFailure(Gate.ERRORS, message, f"Check the list's format setting first. {release}")


def _empty(counts: ListCounts, previous: ListCounts | None, release: str) -> GateFailure | None:
    """An empty file is a valid first version; one without a usable line is not, and neither is a vanished list."""
    if counts.entries or (not rule_lines(counts) and not (previous and previous.entries)):
        return None
    before = f"; the version before had {previous.entries:,} entries" if previous else ""
    message = f"None of the {counts.lines:,} lines gives an entry{before}."
    return GateFailure(Gate.EMPTY, message, f"Check the list's address and format. {release}")


def _change(
    source: ListSource, counts: ListCounts, previous: ListCounts | None, release: str
) -> tuple[GateFailure | None, GateFailure | None]:
    if previous is None or not previous.entries or not counts.entries:
        return None, None
    before, now = previous.entries, counts.entries
    change = f"from {before:,} to {now:,} entries"
    shrink = growth = None
    if before - now > max(MIN_LOST, source.max_shrink * before):
        message = (
            f"The list shrank by {(before - now) / before:.0%}, {change}; {source.max_shrink:.0%} is allowed."
        )
        shrink = GateFailure(Gate.SHRINK, message, release)
    if now - before > max(MIN_GAINED, source.max_growth * before):
        message = (
            f"The list grew by {(now - before) / before:.0%}, {change}; {source.max_growth:.0%} is allowed."
        )
        growth = GateFailure(Gate.GROWTH, message, release)
    return shrink, growth
