"""How much one client may ask of the gateway: the named limits, and the count of open connections. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network

from gateway.counting import REFUSED_CLIENT, REFUSED_TOTAL
from resolver.clients.address import parse_address

IPV6_CLIENT_PREFIX = 64
"""A household has at least a /64: counting single IPv6 addresses would be no limit at all (RFC 6177)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Times are seconds, sizes bytes. The defaults are meant for every installation; tests shorten the times."""

    request_timeout: float = 10.0
    """From the connection to a whole request head. A slow phone needs one round trip, a slow attacker wants hours."""
    answer_timeout: float = 10.0
    """From the request to the end of the connection: a page fits into the socket's buffer, so only a reader that has
    stopped reading needs longer."""
    line: int = 8_190
    """One request line or header field; what Apache and aiohttp allow."""
    headers: int = 64
    """Header fields per request; browsers send about 20."""
    head: int = 32_768
    """The whole request head."""
    discard: int = 65_536
    """Request bytes that are read and thrown away so that the client gets to see its answer; then reading stops."""
    linger: float = 1.0
    """How long the rest of a request body is waited for before the connection is closed."""
    connections: int = 1_024
    """Open connections in total."""
    per_client: int = 64
    """Open connections per IPv4 address or IPv6 /64: ten people behind one address, six connections a browser."""


class RefusedError(ValueError):
    """A connection beyond a limit; the message names the counter that counts it."""


class Gate:
    """Counts open connections. It forgets a client as soon as its last connection is closed."""

    def __init__(self, limits: Limits) -> None:
        """An empty house."""
        self._limits = limits
        self._total = 0
        self._per_client: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """Connections that are open now."""
        return self._total

    def enter(self, address: str) -> str:
        """Count one connection in and return the key to leave by. RefusedError if a limit is reached."""
        client = client_key(address)
        if self._total >= self._limits.connections:
            raise RefusedError(REFUSED_TOTAL)
        if self._per_client[client] >= self._limits.per_client:
            raise RefusedError(REFUSED_CLIENT)
        self._total += 1
        self._per_client[client] += 1
        return client

    def leave(self, client: str) -> None:
        """Count one connection out."""
        self._total -= 1
        self._per_client[client] -= 1
        if self._per_client[client] <= 0:
            del self._per_client[client]


def client_key(address: str) -> str:
    """What counts as one client: an IPv4 address, an IPv6 /64; any other text counts as itself."""
    try:
        parsed = parse_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(ip_network((parsed, IPV6_CLIENT_PREFIX), strict=False))
