"""What servers say besides lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.sources.refusals import LONGEST_WAIT, refusal, retry_after

NOW = 1_795_000_000.0  # 18 November 2026, 11:06:40 UTC


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("999999999999", LONGEST_WAIT),
        ("Wed, 18 Nov 2026 11:07:40 GMT", 60.0),
        ("Wed, 18 Nov 2026 11:07:40", 60.0),
        ("Wed, 18 Nov 2026 11:00:00 GMT", 0.0),
        ("Thu, 18 Nov 2066 11:00:00 GMT", LONGEST_WAIT),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after(text: str, wait: float | None) -> None:
    assert retry_after(text, NOW) == wait


@given(st.text(max_size=60))
def test_any_text_is_a_bounded_wait_or_none(text: str) -> None:
    wait = retry_after(text, NOW)
    assert wait is None or 0.0 <= wait <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "api_key"), (403, "api_key"), (404, "check the address"), (410, "gone for good"), (500, "later")],
)
def test_every_refusal_says_what_to_do(status: int, words: str) -> None:
    error = refusal("https://lists.example/a", status, {}, NOW)
    assert str(error).startswith(f"https://lists.example/a: the server answered {status} instead of a list; ")
    assert words in str(error)
    assert error.retry_after is None
