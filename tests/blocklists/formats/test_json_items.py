"""JSON lists: pointers, items that say too little, documents that are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.formats import make_parser, read, rows
from blocklists.formats.json_items import find, parse_pointer
from blocklists.model import ListSource, Scope, SkipReason
from blocklists.properties import Fetching, Fields

Make = Callable[..., ListSource]
Outcomes = Callable[[ListSource, str], list[str]]
LEVELS = (("site", "domain"), ("page", "url"))


def mapped(entry: str = "/url", items: str = "/data", scope: str = "/level") -> dict[str, Any]:
    """The fields of a list whose items say how far they reach."""
    return {"fetching": Fetching(fields=Fields(entry, items, scope, LEVELS if scope else ())), "scope": None}


ITEMS = {
    '{"url": "http://a.example/x", "level": "page"}': ["url a.example/x"],
    '{"level": "site", "url": "a.example", "more": {"url": 7}}': ["domain a.example"],
    '{"url": "a.example", "level": "other"}': ["-malformed"],
    '{"url": "a.example", "level": null}': ["-malformed"],
    '{"url": "a.example"}': ["-malformed"],
    '{"level": "site"}': ["-malformed"],
    '{"url": ["a.example"], "level": "site"}': ["-malformed"],
    '{"url": 7, "level": "site"}': ["-malformed"],
    '{"url": "a.example", "url": "b.example", "level": "site"}': ["-malformed"],
    '{"url": "a\\u0000.example", "level": "site"}': ["-bad-name"],
    '{"url": "\\ud800.example/x", "level": "page"}': ["-bad-name"],
    '"a.example"': ["-malformed"],
    "[]": ["-malformed"],
    "null": ["-malformed"],
}


@pytest.mark.parametrize(("item", "expected"), ITEMS.items())
def test_items(item: str, expected: list[str], source: Make, outcomes: Outcomes) -> None:
    assert outcomes(source("json", **mapped()), f'\ufeff{{"data": [{item}]}}') == expected


def test_an_item_may_be_the_entry_itself(source: Make, outcomes: Outcomes) -> None:
    made = source("json", scope=Scope.HOST, fetching=Fetching(fields=Fields("")))
    assert outcomes(made, '["a.example", "b.example"]') == ["host a.example", "host b.example"]


def test_pointers_go_deep(source: Make, outcomes: Outcomes) -> None:
    made = source("json", scope=Scope.URL, fetching=Fetching(fields=Fields("/at/0/u~1r~0l", "/a/1/b")))
    text = json.dumps({"a": [0, {"b": [{"at": [{"u/r~l": "a.example/x"}]}]}]})
    assert outcomes(made, text) == ["url a.example/x"]


DOCUMENTS = {
    "nothing": b"",
    "cut off": b'{"data": [{"url": "a.example", "level": "site"}',
    "no array": b'{"data": {"url": "a.example"}}',
    "not there": b'{"other": []}',
    "twice": b'{"data": [{"url": "a.example", "level": "site"}], "data": []}',
    "no UTF-8": b'{"data": ["\xff"]}',
    "UTF-16": '{"data": []}'.encode("utf-16"),
    "no number": b'{"data": [NaN]}',
    "a number without end": b'{"data": [' + b"1" * 10_000 + b"]}",
    "without bottom": b"[" * 200_000,
    "two documents": b'{"data": []} {"data": []}',
}


@pytest.mark.parametrize("data", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_that_is_none_is_one_malformed_row(data: bytes, source: Make) -> None:
    entries, counts = read(source("json", **mapped()), data)
    assert entries == ()
    assert (counts.lines, counts.skipped) == (1, {SkipReason.MALFORMED: 1})


def test_the_malformed_row_says_where_reading_ended(source: Make) -> None:
    _, counts = read(source("json", **mapped()), b'{"data": [\n{"url": "a.example",\n oops}]}')
    assert counts.first_bad_lines == ((3, SkipReason.MALFORMED),)


def test_an_empty_array_is_a_valid_list(source: Make) -> None:
    assert read(source("json", **mapped()), b'{"data": []}')[1].lines == 0


@pytest.mark.parametrize("text", ["url", "/a~2", "/~", "a/b"])
def test_what_is_no_pointer(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON pointer"):
        parse_pointer(text)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [("", {"a": [1, {"": 2}]}), ("/a/0", 1), ("/a/1/", 2), ("/a", [1, {"": 2}])],
)
def test_what_pointers_find(pointer: str, expected: object) -> None:
    assert find({"a": [1, {"": 2}]}, parse_pointer(pointer)) == expected


@pytest.mark.parametrize(
    "pointer", ["/b", "/a/2", "/a/-", "/a/00", "/a/01", "/a/0/x", "/a/²", "/a/9999999999"]
)
def test_what_pointers_do_not_find(pointer: str) -> None:
    assert find({"a": [1, {"": 2}]}, parse_pointer(pointer)) not in (1, 2, None, [], {})


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "url", "level"]), inner)
    ),
    max_leaves=12,
)


@given(data=st.binary(max_size=100) | _json.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_give_rows(data: bytes, source: Make) -> None:
    assert all(outcomes for _, outcomes in rows(make_parser(source("json", **mapped())), data))
