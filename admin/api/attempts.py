"""How often somebody failed to prove who they are, by network address. Pure; in memory only, forgotten in a minute."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

MOST = 10
"""Different guesses of one peer within WINDOW; a person who mistypes stays far below."""
WINDOW = 60.0
"""Seconds."""
_MOST_PEERS = 4_096
"""Peers that are remembered; the one that failed longest ago is forgotten first."""
_SITE = 64
"""Bits of an IPv6 address that one subscriber cannot change at will (RFC 6177)."""


class Attempts:
    """Failures of the last WINDOW seconds. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, dict[bytes, float]] = OrderedDict()

    def failed(self, peer: str, what: bytes, now: float) -> None:
        """Remember that the peer at this address tried ``what``: the same again is a mistake, and no further guess."""
        key = _network(peer)
        tried = self._failures.setdefault(key, {})
        tried.pop(what, None)
        tried[what] = now
        if len(tried) > MOST:
            del tried[next(iter(tried))]
        self._failures.move_to_end(key)
        if len(self._failures) > _MOST_PEERS:
            self._failures.popitem(last=False)

    def wait(self, peer: str, now: float) -> float:
        """Seconds until the peer may try again; 0 is at once."""
        tried = self._failures.get(_network(peer), {})
        if len(tried) < MOST:
            return 0.0
        return max(0.0, next(iter(tried.values())) + WINDOW - now)


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
