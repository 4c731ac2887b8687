"""Which site a request names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.target import TargetError, requested_host


@pytest.mark.parametrize(
    ("method", "target", "hosts", "expected"),
    [
        ("GET", "/", ["bets.example"], "bets.example"),
        ("GET", "/", ["bets.example:80"], "bets.example"),
        ("GET", "/", ["bets.example:"], "bets.example"),
        ("GET", "/", [" BETS.Example. \t"], "BETS.Example."),
        ("GET", "/", ["192.0.2.80:8080"], "192.0.2.80"),
        ("GET", "/", ["[2001:db8::80]:8080"], "2001:db8::80"),
        ("GET", "/", ["[2001:db8::80]"], "2001:db8::80"),
        ("GET", "/", [""], ""),
        ("GET", "/", [], ""),
        ("OPTIONS", "*", ["bets.example"], "bets.example"),
        ("GET", "http://bets.example/page?x=http://other.example/", ["other.example"], "bets.example"),
        ("GET", "HTTP://bets.example:8080", [], "bets.example"),
        ("GET", "http://bets.example?x", ["a", "b"], "bets.example"),
        ("GET", "/http://bets.example/", ["other.example"], "other.example"),
        ("CONNECT", "bets.example:443", ["other.example"], "bets.example"),
        ("GET", "/", ["<script>"], "<script>"),
    ],
)
def test_the_host_that_a_request_is_for(method: str, target: str, hosts: list[str], expected: str) -> None:
    assert requested_host(method, target, hosts) == expected


@pytest.mark.parametrize(
    ("method", "target", "hosts"),
    [
        ("GET", "/", ["bets.example", "other.example"]),
        ("GET", "/", ["bets.example", "bets.example"]),
        ("GET", "/", ["user@bets.example"]),
        ("GET", "/", ["user:pass@bets.example"]),
        ("GET", "http://user@bets.example/", ["bets.example"]),
        ("GET", "/", ["bets.example:http"]),
        ("GET", "/", ["bets.example:123456"]),
        ("GET", "/", ["2001:db8::80"]),
        ("GET", "/", ["[2001:db8::80"]),
        ("GET", "/", ["bets.example other.example"]),
        ("CONNECT", "http://bets.example/", ["bets.example"]),
    ],
)
def test_a_request_that_does_not_name_one_site(method: str, target: str, hosts: list[str]) -> None:
    with pytest.raises(TargetError):
        requested_host(method, target, hosts)


@given(st.sampled_from(["GET", "CONNECT", "X"]), st.text(), st.lists(st.text(), max_size=2))
def test_any_text_gives_a_host_or_the_declared_error(method: str, target: str, hosts: list[str]) -> None:
    try:
        found = requested_host(method, target, hosts)
    except TargetError:
        return
    assert "@" not in found
