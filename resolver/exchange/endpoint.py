"""Where an upstream is: an address and a port, written ``host:port`` (IPv6 in brackets)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple


class Endpoint(NamedTuple):
    """An IP address in its shortest form and a port. Two endpoints are the same place if they are equal."""

    host: str
    port: int

    @property
    def is_ipv6(self) -> bool:
        """Whether the address is an IPv6 address."""
        return ":" in self.host

    def __str__(self) -> str:
        """``host:port``, IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"


def parse_endpoint(text: str) -> Endpoint:
    """Read ``192.0.2.1:53`` or ``[2001:db8::1]:53``. ValueError says what is wrong with which text."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError(f"upstream {text!r}: write address:port, with a port from 1 to 65535")
    try:
        address = ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        raise ValueError(f"upstream {text!r}: {host!r} is not an IP address") from None
    if bracketed != (address.version == 6):
        raise ValueError(f"upstream {text!r}: an IPv6 address stands in brackets, an IPv4 address does not")
    return Endpoint(str(address), int(port))
