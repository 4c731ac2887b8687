"""If-Match and If-None-Match: which tags are the state's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.api.preconditions import etag, is_unchanged, require_match
from admin.api.problem import ProblemError

NOW = etag("abc")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (NOW, 200),
        ("*", 200),
        (" * ", 200),
        (f'"old", {NOW}', 200),
        (f'{NOW}, "old"', 200),
        ("abc", 412),
        (f"W/{NOW}", 412),
        ('"old"', 412),
        ("", 412),
        ('"ABC"', 412),
        ("é", 400),
        ('"a"' * 100, 400),
        (None, 428),
    ],
)
def test_if_match(given: str | None, status: int) -> None:
    headers = {} if given is None else {"If-Match": given}
    if status == 200:
        require_match(headers, NOW)
        return
    with pytest.raises(ProblemError) as caught:
        require_match(headers, NOW)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("given", "expected"), [(NOW, True), (f"W/{NOW}", True), ("*", True), ('"old"', False), ("", False)]
)
def test_if_none_match(given: str, expected: bool) -> None:
    assert is_unchanged({"If-None-Match": given}, NOW) is expected


@given(st.text(max_size=50))
def test_nothing_but_its_own_tag_matches(text: str) -> None:
    status = 200
    try:
        require_match({"If-Match": text}, NOW)
    except ProblemError as error:
        status = error.status
    assert status in (400, 412) or NOW in text or text.strip() == "*"
