"""Accept-Language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stop_page.negotiation import MAX_HEADER, negotiate


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("ar", "ar"),
        ("AR", "ar"),
        ("ar-EG", "ar"),
        ("ar-Arab-EG, en", "ar"),
        ("en, ar", "en"),
        ("fr, ar;q=0.4", "ar"),
        ("en;q=0.4, ar;q=0.5", "ar"),
        ("en;q=0.5, ar;q=0.5", "en"),
        ("ar;q=0.5, en;q=0.5", "ar"),
        ("de-DE,de;q=0.9", "en"),
        ("*", "en"),
        ("ar;q=0.5, *;q=0.8", "en"),
        ("ar;q=0.5, *;q=0.2", "ar"),
        ("en;q=0, *", "ar"),
        ("en;q=0", "en"),
        ("ar;q=0", "en"),
        ("ar;q=0, *;q=0", "en"),
        (" ar ; q=0.7 ,\ten ;Q=0.6", "ar"),
        ("ar;q=1.000", "ar"),
        ("ar;q=1.001, en;q=0.1", "en"),
        ("ar;q=-1", "en"),
        ("ar;q=nan, en;q=0.1", "en"),
        (";;;,,,q=", "en"),
        (",,ar", "ar"),
        ("٤, ar", "ar"),
        ("arabic", "en"),
        ("x" * MAX_HEADER + ",ar", "en"),
    ],
)
def test_the_language_that_a_header_asks_for(header: str, expected: str) -> None:
    assert negotiate(header, ["en", "ar"]) == expected


@given(st.text() | st.text(alphabet="aren-*;q=01., "))
def test_no_header_makes_a_request_fail(header: str) -> None:
    assert negotiate(header, ["en", "ar"]) in {"en", "ar"}
