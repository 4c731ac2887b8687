"""What RPZ zones say about clients (``rpz-client-ip``), worked into who has which policy. Pure.

A trigger costs no packet anything: the clients that it speaks about get a policy of their own, that which they have
anyway with the trigger's bit in it. So a trigger cuts through the subscribers' prefixes and those that are served:

- Inside a trigger's prefix every subscriber keeps the subscriber's policy, and everybody else the default's.
- A trigger's prefix that is longer than a subscriber's becomes a client of its own, with that subscriber's policy.
- Nobody is served because a zone speaks about them: outside of subscribers and served prefixes a trigger does nothing.
- Of one zone the longest prefix speaks; of several zones all do, and ``resolver.policy.zones`` has their order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from blocklists.model import Action, Bit, BitRole
from blocklists.snapshot.metadata import ClientTrigger
from resolver.clients.address import Network
from resolver.tables.model import ClientEntry

With = Callable[[int, int], int]
"""The number of the policy that another one becomes with these CLIENT bits."""


@dataclass(frozen=True, slots=True)
class Base:
    """Who has which policy without zones; ``default`` is below 0 where nobody but clients is served."""

    clients: Sequence[ClientEntry]
    default: int
    served: Sequence[Network]


def with_triggers(
    base: Base, triggers: Sequence[ClientTrigger], bits: Iterable[Bit], with_bits: With
) -> tuple[ClientEntry, ...]:
    """The clients once the zones' triggers are in; ``bits`` are those of the compiled lists."""
    if not triggers:
        return tuple(base.clients)
    policies = Prefixes((entry.network, entry.policy) for entry in base.clients)
    zones = _by_zone(triggers, bits)
    points = {entry.network for entry in base.clients}
    points.update(_points(triggers, base, policies))
    entries = []
    for network in sorted(points, key=_order):
        policy = policies.longest(network)
        policy = base.default if policy is None else policy
        about = 0
        for zone in zones:
            about |= zone.longest(network) or 0
        entries.append(ClientEntry(network, with_bits(policy, about) if about else policy))
    return tuple(entries)


class Prefixes:
    """Values by prefix; the longest prefix that holds a network speaks."""

    def __init__(self, values: Iterable[tuple[Network, int]]) -> None:
        """Of two values for one prefix the first is kept."""
        self._values: dict[tuple[int, int, int], int] = {}
        lengths: dict[int, set[int]] = defaultdict(set)
        for network, value in values:
            self._values.setdefault(_key(network, network.prefixlen), value)
            lengths[network.version].add(network.prefixlen)
        self._lengths = {version: sorted(found, reverse=True) for version, found in lengths.items()}

    def longest(self, network: Network) -> int | None:
        """The value of the longest prefix that holds all of ``network``; None if none does."""
        for length in self._lengths.get(network.version, ()):
            if length <= network.prefixlen:
                value = self._values.get(_key(network, length))
                if value is not None:
                    return value
        return None


def _by_zone(triggers: Iterable[ClientTrigger], bits: Iterable[Bit]) -> tuple[Prefixes, ...]:
    numbers = {(bit.id, bit.action): 1 << bit.index for bit in bits if bit.role is BitRole.CLIENT}
    by_zone: dict[str, list[tuple[Network, Action]]] = defaultdict(list)
    for trigger in triggers:
        by_zone[trigger.list_id].append((ip_network(trigger.prefix), trigger.action))
    return tuple(
        Prefixes((network, numbers[zone, action]) for network, action in own if (zone, action) in numbers)
        for zone, own in by_zone.items()
    )


def _points(triggers: Iterable[ClientTrigger], base: Base, policies: Prefixes) -> Iterator[Network]:
    """Where somebody's policy may begin to be another: the triggers' prefixes as far as they are served."""
    for trigger in triggers:
        network = ip_network(trigger.prefix)
        if policies.longest(network) is not None:
            yield network
        elif base.default >= 0:
            yield from _served(network, base.served)


def _served(network: Network, served: Iterable[Network]) -> Iterator[Network]:
    for other in served:
        if network.version != other.version:
            continue
        length = min(network.prefixlen, other.prefixlen)
        if _key(network, length) == _key(other, length):
            yield network if network.prefixlen >= other.prefixlen else other


def _key(network: Network, length: int) -> tuple[int, int, int]:
    return network.version, length, int(network.network_address) >> (network.max_prefixlen - length)


def _order(network: Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen
