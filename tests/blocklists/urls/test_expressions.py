"""Expressions: the examples of the Safe Browsing documentation, and the bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.canonical import url
from blocklists.urls.expressions import expressions, folders, host_of, hosts, is_within_reach, place

PUBLISHED = {
    "http://a.b.example/1/2.html?param=1": {
        *("a.b.example/1/2.html?param=1", "a.b.example/1/2.html", "a.b.example/", "a.b.example/1/"),
        *("b.example/1/2.html?param=1", "b.example/1/2.html", "b.example/", "b.example/1/"),
    },
    "http://a.b.c.d.e.f.example/1.html": {
        f"{host}/{path}"
        for host in ("a.b.c.d.e.f.example", "c.d.e.f.example", "d.e.f.example", "e.f.example", "f.example")
        for path in ("1.html", "")
    },
    "http://192.0.2.1/1/": {"192.0.2.1/1/", "192.0.2.1/"},
    "http://[2001:db8::1]:8080/": {"[2001:db8::1]/"},
    "http://pages.example:8080/x": {"pages.example/x", "pages.example/"},
}


@pytest.mark.parametrize(("text", "expected"), PUBLISHED.items())
def test_published_examples(text: str, expected: set[str]) -> None:
    found = list(expressions(url(text)))
    assert set(found) == expected
    assert len(found) == len(expected)


@given(
    labels=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=12),
    segments=st.lists(st.sampled_from(["x", "yy"]), max_size=9),
    query=st.booleans(),
)
def test_at_most_five_hosts_and_six_paths(labels: list[str], segments: list[str], query: bool) -> None:
    text = f"{'.'.join([*labels, 'example'])}/{'/'.join(segments)}{'?q' if query else ''}"
    names = list(hosts(url(text).host))
    assert len(names) <= 5
    assert all("." in name and url(text).host.endswith(name) for name in names)
    found = list(expressions(url(text)))
    assert len(found) == len(set(found)) <= 30
    assert len(found) // len(names) <= 6


def test_no_parent_is_a_single_label() -> None:
    assert list(hosts("pages.example")) == ["pages.example"]
    assert list(hosts("localhost")) == ["localhost"]


def test_folders_end_with_a_slash() -> None:
    assert list(folders("/a/b/c/d/e.html")) == ["/", "/a/", "/a/b/", "/a/b/c/"]
    assert list(folders("/a")) == ["/"]
    assert list(folders("/a/")) == ["/", "/a/"]


@pytest.mark.parametrize(
    ("key", "where", "host"),
    [
        ("pages.example/x", "pages.example", "pages.example"),
        ("pages.example:8080/x:y", "pages.example:8080", "pages.example"),
        ("[2001:db8::1]:8080/", "[2001:db8::1]:8080", "2001:db8::1"),
        ("[2001:db8::1]/", "[2001:db8::1]", "2001:db8::1"),
    ],
)
def test_where_a_key_is(key: str, where: str, host: str) -> None:
    assert (place(key), host_of(key)) == (where, host)


@pytest.mark.parametrize(
    ("key", "within"),
    [
        ("pages.example/", True),
        ("pages.example/a/b/c/", True),
        ("pages.example/a/b/c", True),
        ("pages.example/a/b/c/d", False),
        ("pages.example/a/b/c/d/", False),
        ("pages.example/a?q", False),
    ],
)
def test_which_prefixes_can_be_found_again(key: str, within: bool) -> None:
    assert is_within_reach(key) is within
