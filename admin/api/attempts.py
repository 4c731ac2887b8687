"""How often somebody failed to prove who they are, by network address. Pure; in memory only, forgotten in a minute."""

from __future__ import annotations

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address

MOST = 10
"""Failures of one peer within WINDOW; a person who mistypes stays far below."""
WINDOW = 60.0
"""Seconds."""
_MOST_PEERS = 4_096
"""Peers that are remembered; the one that failed longest ago is forgotten first."""
_SITE = 64
"""Bits of an IPv6 address that one subscriber cannot change at will (RFC 6177)."""


class Attempts:
    """Failures of the last WINDOW seconds. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def failed(self, peer: str, now: float) -> None:
        """Remember a failure of the peer at this address."""
        key = _network(peer)
        times = self._failures.setdefault(key, deque(maxlen=MOST))
        times.append(now)
        self._failures.move_to_end(key)
        if len(self._failures) > _MOST_PEERS:
            self._failures.popitem(last=False)

    def wait(self, peer: str, now: float) -> float:
        """Seconds until the peer may try again; 0 is at once."""
        times = self._failures.get(_network(peer))
        if times is None or len(times) < MOST:
            return 0.0
        return max(0.0, times[0] + WINDOW - now)


def _network(peer: str) -> str:
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> (128 - _SITE) << (128 - _SITE)))
