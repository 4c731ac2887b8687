"""Pages: parameters, and the way to the next one."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from multidict import MultiDict

from admin.api.paging import page, parameters, shown
from admin.api.problem import ProblemError
from admin.services.acts import Page


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Page("", 100)),
        ({"limit": "1"}, Page("", 1)),
        ({"limit": "1000", "cursor": "a"}, Page("a", 1_000)),
    ],
)
def test_pages(given: dict[str, str], expected: Page) -> None:
    assert page(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "-1"},
        {"limit": ""},
        {"limit": "1.5"},
        {"limit": "¹"},
        {"limit": "9" * 5_000},
        {"cursor": "a" * 121},
        {"cursor": "é"},
        {"cursor": "\0"},
    ],
)
def test_what_is_no_page(given: dict[str, str]) -> None:
    with pytest.raises(ProblemError) as caught:
        page(given)
    assert caught.value.status == 400


def test_parameters_are_known_and_given_once() -> None:
    assert parameters(MultiDict({"limit": "1"}), ("limit",)) == {"limit": "1"}
    for query in (MultiDict({"colour": "red"}), MultiDict([("limit", "1"), ("limit", "2")])):
        with pytest.raises(ProblemError):
            parameters(query, ("limit",))


def test_the_next_page_keeps_the_question() -> None:
    body = shown([1], "/api/v1/audit", {"kind": "list", "limit": "1"}, "a b&c")
    assert dict(parse_qsl(urlsplit(str(body["next"])).query)) == {
        "kind": "list",
        "limit": "1",
        "cursor": "a b&c",
    }
    assert shown([], "/api/v1/audit", {}, None) == {"items": [], "next": None}
