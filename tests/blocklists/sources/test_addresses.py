"""What of an address may be shown, and where secrets may follow."""

from __future__ import annotations

import pytest
from yarl import URL

from blocklists.sources.addresses import check_scheme, is_same_server, place
from blocklists.sources.model import FetchError


def test_a_place_has_neither_user_nor_query() -> None:
    assert place(URL("https://me:geheim@a.example:444/list?key=geheim#geheim")) == "https://a.example/list"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("https://A.example/other?x=1", True),
        ("https://a.example:443/", True),
        ("https://a.example:444/", False),
        ("http://a.example/", False),
        ("https://b.a.example/", False),
        ("https://a.example.b.example/", False),
    ],
)
def test_the_same_server(other: str, same: bool) -> None:
    assert is_same_server(URL("https://a.example/list"), URL(other)) is same


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/a", "http://localhost/a", "ftp://127.0.0.1/a", "file:///etc/passwd", "/a"]
)
def test_other_schemes_are_refused_even_with_leave(url: str) -> None:
    with pytest.raises(FetchError, match="over https only"):
        check_scheme(URL(url), loopback=True)
