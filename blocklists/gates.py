"""What a new version of a list must pass before it may serve.

Pure. Two moments: ``inspect_bytes`` before any parsing (is this a list at all?), ``judge`` on the counts (is this the
list that we know?). A failure says what happened with numbers and what to do; it never carries text of the list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from blocklists.model import ListCounts, ListSource, SkipReason

MIN_BAD_LINES = 5
"""So many bad lines are always forgiven: in a list of ten lines one slip is already a tenth."""
MIN_LOST = 10
"""A list may always lose so many entries: short lists change by large shares."""
MIN_GAINED = 100
"""A list may always gain so many entries."""

_SNIFFED = 4096
"""Bytes at the start that tell a page from a list."""
_MAX_CONTROLS = 0.02
"""Share of control characters above which text is no text; Latin-1 and UTF-8 have none."""
_MARKUP = re.compile(rb"\s*(?:<!doctype|<html|<head|<body|<script|<\?xml|<!--)", re.IGNORECASE)
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7-Zip",
}
_CONTROLS = bytes(octet for octet in range(0x20) if octet not in b"\t\n\v\f\r\x1b") + b"\x7f"
_BAD = (SkipReason.MALFORMED, SkipReason.BAD_NAME)
_NO_RULE = (SkipReason.BLANK, SkipReason.COMMENT, SkipReason.HEADER)


class Gate(StrEnum):
    """Which gate was not passed."""

    MARKUP = "markup"
    ENCODING = "encoding"
    BINARY = "binary"
    ERRORS = "errors"
    EMPTY = "empty"
    SHRINK = "shrink"
    GROWTH = "growth"


@dataclass(frozen=True, slots=True)
class GateFailure:
    """One gate that a version did not pass."""

    gate: Gate
    message: str
    """What happened, with numbers."""
    remedy: str
    """What to do about it."""
    two_persons: bool = False
    """Whether a release takes two persons: one could be deceived, or deceive."""


_LOOK = "Open the list's address and see what it sends; the last good version goes on serving."
SHORTEST_DIGEST = 12
"""So many hexadecimal digits are enough to name a held version."""


def inspect_bytes(data: bytes) -> GateFailure | None:
    """None if the bytes can be a list of lines; else why not."""
    head = data[:_SNIFFED].removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(head):
        return GateFailure(Gate.MARKUP, "A web page came instead of a list.", _LOOK)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "The list is in UTF-16; lists are read as UTF-8."
        return GateFailure(Gate.ENCODING, message, "Ask the publisher for UTF-8, or convert the file.")
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            message = f"The list is packed ({name})."
            return GateFailure(
                Gate.BINARY, message, "Use the address of the unpacked list, or unpack the file."
            )
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if b"\0" in data or controls > _MAX_CONTROLS * len(head):
        return GateFailure(Gate.BINARY, "The content is binary, not text.", _LOOK)
    return None


def judge(
    source: ListSource, counts: ListCounts, previous: ListCounts | None, digest: str
) -> tuple[GateFailure, ...]:
    """The gates that a version with these counts does not pass; ``previous`` counts the version that serves now."""
    release = f"{release_advice(source.id, digest)} Until then the last good version goes on serving."
    checks = (
        _errors(source, counts, release),
        _empty(counts, previous, release),
        *_change(source, counts, previous, release),
    )
    return tuple(failure for failure in checks if failure is not None)


def release_advice(list_id: str, digest: str) -> str:
    """How an operator lets a held version serve."""
    return f"If this is meant, run `weir lists release {list_id} {digest[:SHORTEST_DIGEST]}`."


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
