"""Addresses and prefixes."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.canonical import CanonicalError, address, is_ipv4_like, parse_ipv4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("2001:db8::1/128", "2001:db8::1"),
    ],
)
def test_shortest_form(text: str, expected: str) -> None:
    assert address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.1/24",
        "192.0.2",
        "3279880203",
        "192.0.2.01",
        "fe80::1%eth0",
        "192.0.2.1/33",
        "a" * 999,
        "x",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(CanonicalError):
        address(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1.", "192.0.2.1"),
        ("3221225985", "192.0.2.1"),
        ("0xC0000201", "192.0.2.1"),
        ("0300.0.02.01", "192.0.2.1"),
        ("192.513", "192.0.2.1"),
        ("192.0.513", "192.0.2.1"),
        ("0x.0x0.0", "0.0.0.0"),
        ("4294967296", None),
        ("256.0.0.1", None),
        ("1.2.3.256", None),
        ("1.2.3.4.5", None),
        ("08.1", None),
        ("1..2", None),
        ("", None),
        ("0x" + "f" * 5000, None),
    ],
)
def test_ipv4_as_browsers_read_it(text: str, expected: str | None) -> None:
    assert parse_ipv4(text) == expected


@given(st.ip_addresses(v=4))
def test_every_ipv4_form_gives_the_same_address(value: ipaddress.IPv4Address) -> None:
    forms = (str(value), str(int(value)), hex(int(value)), ".".join(f"0{part:o}" for part in value.packed))
    assert all(is_ipv4_like(form) and parse_ipv4(form) == str(value) for form in forms)


@given(st.text())
def test_any_text_gives_an_address_or_the_declared_error(text: str) -> None:
    try:
        canonical = address(text)
    except CanonicalError:
        return
    assert address(canonical) == canonical
