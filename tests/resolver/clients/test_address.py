"""Addresses as sockets report them."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from resolver.clients.address import parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.11", "127.0.0.11"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8::1", "2001:db8::1"),
    ],
)
def test_addresses_as_sockets_report_them(text: str, expected: str) -> None:
    assert parse_address(text) == ip_address(expected)
