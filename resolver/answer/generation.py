"""What the hot path needs of one generation, worked out once when it comes into force."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from resolver.answer.reply import TYPE_A, TYPE_AAAA
from resolver.answer.zones import LocalZones
from resolver.tables.view import View


class Generation:
    """A view with its built-in zones and the gateway's addresses in wire form; immutable."""

    def __init__(self, view: View) -> None:
        tables = view.tables
        self.view = view
        self.zones = LocalZones(tables.zones, tables.records)
        self.limit = tables.resolver.udp_payload
        self.gateway = {
            TYPE_A: IPv4Address(tables.gateway.ipv4).packed,
            TYPE_AAAA: IPv6Address(tables.gateway.ipv6).packed,
        }
