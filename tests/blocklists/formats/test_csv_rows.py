"""CSV lists: columns, quotes, rows that are none, and what one stray quote costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.formats import make_parser, read, rows
from blocklists.model import ListSource, Scope, SkipReason
from blocklists.properties import Fetching, Fields

Make = Callable[..., ListSource]
Outcomes = Callable[[ListSource, str], list[str]]
LEVELS = (("site", "domain"), ("host", "host"), ("page", "url"), ("part", "url-prefix"))


def mapped(entry: str = "url", scope: str = "level", **more: Any) -> dict[str, Any]:
    """The fields of a list whose rows say how far they reach."""
    return {"fetching": Fetching(fields=Fields(entry, scope=scope, scopes=LEVELS, **more)), "scope": None}


ROWS = {
    "http://a.example/x,page": ["url a.example/x"],
    "a.example/x/,part": ["url-prefix a.example/x/"],
    "A.Example,site": ["domain a.example"],
    " a.example , host ": ["host a.example"],
    "http://a.example/,site": ["domain a.example"],
    "https://a.example,host": ["host a.example"],
    "http://a.example/x,site": ["-malformed"],
    "http://a.example/?q,site": ["-malformed"],
    "http://a.example:8080/,site": ["-unsupported"],
    "http://a.example/,page": ["url a.example/"],
    "a.example,page": ["url a.example/"],
    "a.example,planet": ["-malformed"],
    "a.example,Site": ["-malformed"],
    "a.example,": ["-malformed"],
    ",site": ["-malformed"],
    "a.example": ["-malformed"],
    "*.a.example,site": ["-bad-name"],
    "a.example/*/b,page": ["-unsupported"],
    "192.0.2.1,site": ["-ip-address"],
    '"a.example",site,"more, of it"': ["domain a.example"],
    '"a.example"x,site': ["-malformed"],
    "": ["-blank"],
}


@pytest.mark.parametrize(("row", "expected"), ROWS.items())
def test_rows(row: str, expected: list[str], source: Make, outcomes: Outcomes) -> None:
    assert outcomes(source("csv", **mapped()), f"url,level\n{row}\n") == ["-header", *expected]


def test_columns_by_number_need_no_head(source: Make, outcomes: Outcomes) -> None:
    text = "1;site;a.example\n2;page;b.example/x\n"
    assert outcomes(source("csv", **mapped("3", "2", delimiter=";")), text) == [
        "domain a.example",
        "url b.example/x",
    ]


def test_without_a_scope_field_the_list_says_it(source: Make, outcomes: Outcomes) -> None:
    made = source("csv", scope=Scope.HOST, fetching=Fetching(fields=Fields("name")))
    assert outcomes(made, "\ufeffid,name\n7,a.example\n") == ["-header", "host a.example"]


@pytest.mark.parametrize("head", ["id,name", "url,url,level", "url"])
def test_a_head_without_the_columns_spoils_every_row(head: str, source: Make) -> None:
    entries, counts = read(source("csv", **mapped()), f"{head}\na.example,site\nb.example,site\n".encode())
    assert entries == ()
    assert counts.skipped == {SkipReason.MALFORMED: 3}
    assert counts.first_bad_lines[0] == (1, SkipReason.MALFORMED)


def test_a_row_may_go_over_lines_and_has_the_number_of_the_last(source: Make) -> None:
    data = b'level,url,note\nsite,a.example,"one\ntwo"\nsite,b.example,\nsite,b.example,\n'
    found = list(rows(make_parser(source("csv", **mapped())), data))
    assert [number for number, _ in found] == [1, 3, 4, 5]
    _, counts = read(source("csv", **mapped()), data)
    assert (counts.lines, counts.accepted, counts.duplicate) == (4, 2, 1)


@pytest.mark.parametrize("end", ["", '"x\n', 'x,"y" z\n'])
def test_a_stray_quote_costs_as_many_bad_rows_as_lines(end: str, source: Make) -> None:
    """Else it would silently take what it swallows out of the list."""
    lines = "".join(f"site,a{number}.example\n" for number in range(1000))
    text = f'level,url\nsite,first.example\nsite,"stray.example\n{lines}{end}'
    _, counts = read(source("csv", **mapped()), text.encode())
    assert counts.skipped[SkipReason.MALFORMED] >= 1000
    assert counts.lines == text.count("\n")


@pytest.mark.parametrize(
    "fields",
    [
        None,
        Fields(""),
        Fields("0"),
        Fields("url", delimiter='"'),
        Fields("url", delimiter=";;"),
        Fields("url", scope="level", scopes=(("x", "address"),)),
    ],
)
def test_what_a_list_must_say(fields: Fields | None, source: Make) -> None:
    with pytest.raises(ValueError, match="list test: "):
        make_parser(source("csv", scope=Scope.URL, fetching=Fetching(fields=fields)))


def test_a_list_must_say_how_far_it_reaches(source: Make) -> None:
    with pytest.raises(ValueError, match="nothing says how far its entries reach"):
        make_parser(source("csv", scope=None, fetching=Fetching(fields=Fields("1"))))


@given(
    data=st.binary(max_size=200)
    | st.text(alphabet='a.,;"\n\r \x00é', max_size=80).map(lambda text: text.encode())
)
def test_any_bytes_give_rows(data: bytes, source: Make) -> None:
    found = list(rows(make_parser(source("csv")), data))
    assert all(outcomes for _, outcomes in found)
    assert len(found) <= data.count(b"\n") + 1
    assert [number for number, _ in found] == sorted(number for number, _ in found)


def test_quotes_cost_linear_time(source: Make) -> None:
    began = time.process_time()
    list(rows(make_parser(source("csv")), b'"\n' * 100_001))
    assert time.process_time() - began < 5.0
