"""Gates: what is no list, and what is not the list that we know."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.gates import Gate, inspect_bytes, judge
from blocklists.model import Kind, ListCounts, ListSource, SkipReason

Make = Callable[..., ListSource]
DIGEST = "0123456789abcdef" * 4

NO_LISTS = {
    b"<!DOCTYPE html><html>": Gate.MARKUP,
    b"\xef\xbb\xbf\r\n  <HTML><head>": Gate.MARKUP,
    b"<?xml version='1.0'?>": Gate.MARKUP,
    "bets.example\n".encode("utf-16"): Gate.ENCODING,
    "bets.example\n".encode("utf-16-be"): Gate.BINARY,
    gzip.compress(b"bets.example\n"): Gate.BINARY,
    b"PK\x03\x04rest": Gate.BINARY,
    b"bets.example\n\0\n": Gate.BINARY,
    b"bets.example\n" * 1000 + b"\0": Gate.BINARY,
    bytes(range(1, 32)) * 10: Gate.BINARY,
}

LISTS = [
    b"",
    b"\n",
    b"# comment\nbets.example\n",
    b"\xef\xbb\xbfbets.example\r\n",
    "bücher.example\n".encode(),
    "bücher.example\n".encode("latin-1"),
    b"[Adblock Plus 2.0]\n||bets.example^\n",
    b"! <html> in a comment\n||bets.example^\n",
    b"bets.example\x0c\n",
]


@pytest.mark.parametrize(("data", "gate"), NO_LISTS.items())
def test_what_is_no_list(data: bytes, gate: Gate) -> None:
    failure = inspect_bytes(data)
    assert failure is not None
    assert failure.gate is gate
    assert failure.message.endswith(".")
    assert failure.remedy.endswith(".")
    assert "bets" not in failure.message + failure.remedy


@pytest.mark.parametrize("data", LISTS)
def test_what_may_be_a_list(data: bytes) -> None:
    assert inspect_bytes(data) is None


def _counts(entries: int, *, bad: int = 0, comments: int = 0) -> ListCounts:
    skipped = {SkipReason.MALFORMED: bad, SkipReason.COMMENT: comments}
    return ListCounts(
        lines=entries + bad + comments,
        accepted=entries,
        skipped=skipped,
        entries=entries,
        first_bad_lines=((7, SkipReason.MALFORMED),) if bad else (),
    )


CHANGES = [
    (None, 1, []),
    (None, 0, []),
    (1000, 1000, []),
    (1000, 700, []),
    (1000, 699, [Gate.SHRINK]),
    (22, 11, [Gate.SHRINK]),
    (20, 10, []),
    (1000, 1, [Gate.SHRINK]),
    (1000, 0, [Gate.EMPTY]),
    (12, 2, []),
    (12, 1, [Gate.SHRINK]),
    (3, 1, []),
    (3, 0, [Gate.EMPTY]),
    (0, 0, []),
    (0, 5000, []),
    (1000, 1500, []),
    (1000, 1501, [Gate.GROWTH]),
    (101, 202, [Gate.GROWTH]),
    (100, 200, []),
    (10, 110, []),
    (10, 111, [Gate.GROWTH]),
    (1, 100, []),
]


@pytest.mark.parametrize(("before", "after", "gates"), CHANGES)
def test_changes_of_size(before: int | None, after: int, gates: list[Gate], source: Make) -> None:
    previous = None if before is None else _counts(before)
    assert [failure.gate for failure in judge(source(), _counts(after), previous, DIGEST)] == gates


@pytest.mark.parametrize(
    ("entries", "bad", "passes"),
    [(1000, 0, True), (950, 50, True), (949, 51, False), (10, 5, True), (10, 6, False), (1, 5, True)],
)
def test_the_error_budget(entries: int, bad: int, passes: bool, source: Make) -> None:
    failures = judge(source(), _counts(entries, bad=bad, comments=10_000), None, DIGEST)
    assert [failure.gate for failure in failures] == ([] if passes else [Gate.ERRORS])


def test_comments_and_blanks_alone_are_an_empty_list_and_unusable_lines_are_not(source: Make) -> None:
    assert judge(source(), _counts(0, comments=12), None, DIGEST) == ()
    addresses_only = ListCounts(lines=3, skipped={SkipReason.ADDRESS: 3})
    assert [failure.gate for failure in judge(source(), addresses_only, None, DIGEST)] == [Gate.EMPTY]


def test_limits_are_the_source_s_own(source: Make) -> None:
    strict = source(max_shrink=0.1, max_growth=0.5, max_errors=0.0)
    assert [failure.gate for failure in judge(strict, _counts(800, bad=6), _counts(1000), DIGEST)] == [
        Gate.ERRORS,
        Gate.SHRINK,
    ]
    assert [failure.gate for failure in judge(strict, _counts(1600), _counts(1000), DIGEST)] == [Gate.GROWTH]


def test_a_message_has_the_numbers_and_a_remedy(source: Make) -> None:
    (failure,) = judge(source(), _counts(400), _counts(1_000_000), DIGEST)
    assert failure.message == "The list shrank by 100%, from 1,000,000 to 400 entries; 30% is allowed."
    assert failure.remedy == (
        "If this is meant, run `weir lists release test 0123456789ab`. "
        "Until then the last good version goes on serving."
    )
    (failure,) = judge(source(), _counts(100, bad=100), None, DIGEST)
    assert failure.message.startswith(
        "100 of 200 rule lines (50.0%) are not in the format domains, the first in line 7"
    )


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**6))
def test_any_numbers_are_judged(before: int, after: int, bad: int) -> None:
    source = ListSource("test", "file:/nowhere", "domains", Kind.CATEGORY)
    failures = judge(source, _counts(after, bad=bad), _counts(before), DIGEST)
    assert len({failure.gate for failure in failures}) == len(failures)


@given(st.binary(max_size=300))
def test_any_bytes_are_inspected(data: bytes) -> None:
    failure = inspect_bytes(data)
    assert failure is None or failure.gate in {Gate.MARKUP, Gate.ENCODING, Gate.BINARY}
