"""Which beginnings of a request are given another method."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.methods import MAX_METHOD, known_method


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"GET / HTTP/1.1", b"GET / HTTP/1.1"),
        (b"HEAD / HTTP/1.1", b"HEAD / HTTP/1.1"),
        (b"CONNECT a:443 HTTP/1.1", b"CONNECT a:443 HTTP/1.1"),
        (b"ODD /a b", b"POST /a b"),
        (b"get / HTTP/1.1", b"POST / HTTP/1.1"),
        (b"PRI * HTTP/2.0", b"PRI * HTTP/2.0"),
        (b"OD", b"OD"),
        (b" / HTTP/1.1", b" / HTTP/1.1"),
        (b"O(D / HTTP/1.1", b"O(D / HTTP/1.1"),
        (b"X" * (MAX_METHOD + 1) + b" /", b"X" * (MAX_METHOD + 1) + b" /"),
        (b"\x16\x03\x01 hello", b"\x16\x03\x01 hello"),
    ],
)
def test_known_method(start: bytes, expected: bytes) -> None:
    assert known_method(start) == expected


@given(st.binary())
def test_only_the_method_can_change(start: bytes) -> None:
    changed = known_method(start)
    assert changed.partition(b" ")[2] == start.partition(b" ")[2]
