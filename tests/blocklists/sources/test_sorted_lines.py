"""Editing sorted lines in place does what a set of lines does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.sources.sorted_lines import edit_lines
from blocklists.sources.zone_faults import MismatchError

LINES = st.sets(st.binary(max_size=4).filter(lambda line: b"\n" not in line), max_size=30)


def text_of(lines: set[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in sorted(lines))


@given(LINES, LINES, LINES, st.binary(max_size=5))
def test_the_same_as_with_sets(
    before: set[bytes], removed: set[bytes], added: set[bytes], old: bytes
) -> None:
    removed &= before
    added -= before
    text = old + text_of(before)
    edited = edit_lines(text, len(old), head=b"new\n", removed=removed, added=added)
    assert edited == b"new\n" + text_of(before - removed | added)


@given(LINES, LINES, LINES)
def test_a_change_that_does_not_fit_is_refused(
    before: set[bytes], removed: set[bytes], added: set[bytes]
) -> None:
    added -= removed
    fits = removed <= before and not added & before
    if fits:
        edit_lines(text_of(before), 0, head=b"", removed=removed, added=added)
        return
    with pytest.raises(MismatchError):
        edit_lines(text_of(before), 0, head=b"", removed=removed, added=added)


def test_a_line_is_not_taken_for_its_beginning() -> None:
    with pytest.raises(MismatchError):
        edit_lines(b"abc\n", 0, head=b"", removed={b"ab"}, added=())
    assert edit_lines(b"abc\n", 0, head=b"", removed=(), added={b"ab"}) == b"ab\nabc\n"
