"""Longest-prefix match against the obvious slow way."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.clients.table import PrefixTable, parse_address


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


def test_host_bits_in_a_prefix_are_an_error() -> None:
    with pytest.raises(ValueError, match="host bits"):
        PrefixTable([("192.0.2.1/24", 1)])


def _networks() -> st.SearchStrategy[str]:
    return st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
        lambda pair: str(ip_network((pair[0] & (0xFFFFFFFF << (32 - pair[1])) & 0xFFFFFFFF, pair[1])))
    )


@given(st.lists(_networks(), max_size=12), st.lists(st.integers(0, 2**32 - 1), max_size=8))
def test_the_longest_prefix_wins(prefixes: list[str], values: list[int]) -> None:
    table = PrefixTable((prefix, number) for number, prefix in enumerate(prefixes))
    known = {ip_network(prefix): number for number, prefix in enumerate(prefixes)}
    for value in [*values, *(int(network.network_address) for network in known)]:
        address = ip_address(value)
        holding = [network for network in known if address in network]
        expected = known[max(holding, key=lambda network: network.prefixlen)] if holding else None
        assert table.find(address) == expected


def test_ipv4_and_ipv6_do_not_mix() -> None:
    table = PrefixTable([("0.0.0.0/0", 4), ("::/0", 6)])
    assert table.find(parse_address("192.0.2.1")) == 4
    assert table.find(parse_address("::c000:201")) == 6
