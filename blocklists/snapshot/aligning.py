"""Where two versions of a text differ, if they are in the same order: a walk through both, memory's speed where they agree.

What is found may be too much (a line that only moved), never too little. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

_STEP = 1 << 16
_NEAR, _FAR = 64, 4_096
"""Lines ahead in which both texts are looked through for a line that they share: usually few were changed at once."""

Span = tuple[int, int]
"""Start and end of some whole lines, as bytes of a text."""


def regions(old: bytes, new: bytes, most: int) -> tuple[list[Span], list[Span]] | None:
    """The parts of both texts that have no counterpart in the other; None if they are no two texts in the same order, or
    there are more than ``most`` such parts or lines.
    """
    went: list[Span] = []
    came: list[Span] = []
    lines = at = there = 0
    while (alike := _alike(old, at, new, there)) < max(len(old) - at, len(new) - there):
        line = max(at, old.rfind(b"\n", at, at + alike) + 1)
        start, there = line, there + line - at
        met = _meet(old, start, new, there, _NEAR) or _meet(old, start, new, there, _FAR)
        if met is None:
            return None
        went.append((start, met[0]))
        came.append((there, met[1]))
        lines += max(old.count(b"\n", *went[-1]), new.count(b"\n", *came[-1])) + 1
        if lines > most:
            return None
        at, there = met
    return went, came


def _alike(old: bytes, at: int, new: bytes, there: int) -> int:
    """How many bytes from here on are the same."""
    alike, step = 0, _STEP
    while step:
        ours = old[at + alike : at + alike + step]
        if ours and ours == new[there + alike : there + alike + step]:
            alike += len(ours)
        else:
            step //= 2
    return alike


def _meet(old: bytes, at: int, new: bytes, there: int, far: int) -> Span | None:
    """Where a line stands that both texts have, or where both end; None if that is not within ``far`` lines."""
    ours, theirs = list(_lines(old, at, far)), list(_lines(new, there, far))
    first: dict[bytes, int] = {}
    for place, (_, line) in enumerate(theirs):
        first.setdefault(line, place)
    found = [
        (place + first[line], start, theirs[first[line]][0])
        for place, (start, line) in enumerate(ours)
        if line in first
    ]
    if found:
        return min(found)[1:]
    is_end = len(ours) < far and len(theirs) < far
    return (len(old), len(new)) if is_end else None


def _lines(text: bytes, start: int, most: int) -> Iterator[tuple[int, bytes]]:
    """The next lines, each with its start and its LF."""
    while start < len(text) and most:
        end = text.find(b"\n", start) + 1 or len(text)
        yield start, text[start:end]
        start, most = end, most - 1
