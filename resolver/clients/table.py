"""Longest-prefix match of client addresses, pure.

A table is immutable; a new generation brings a new one. One dictionary per prefix length in use, longest first: a
look-up costs one probe per length, and real tables have a handful of lengths.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address


def parse_address(text: str) -> Address:
    """An address as a socket reports it: scope ids are dropped, IPv4-mapped IPv6 becomes IPv4. ValueError if none."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


class PrefixTable:
    """Prefix → number, longest match wins; a prefix given twice keeps the last number."""

    def __init__(self, entries: Iterable[tuple[str, int]]) -> None:
        """Build from CIDR text; host bits must be zero. ValueError names the prefix that is none."""
        self._lengths: dict[int, list[tuple[int, int, dict[int, int]]]] = {4: [], 6: []}
        tables: dict[tuple[int, int], dict[int, int]] = {}
        for prefix, number in entries:
            network = ip_network(prefix)
            table = tables.setdefault((network.version, network.prefixlen), {})
            table[int(network.network_address)] = number
        for (version, length), table in sorted(tables.items(), key=lambda item: -item[0][1]):
            width = 32 if version == 4 else 128
            mask = ((1 << length) - 1) << (width - length)
            self._lengths[version].append((length, mask, table))

    def find(self, address: Address) -> int | None:
        """The number of the longest prefix that holds ``address``; None if none does."""
        value = int(address)
        for _, mask, table in self._lengths[address.version]:
            number = table.get(value & mask)
            if number is not None:
                return number
        return None
