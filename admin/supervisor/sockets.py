"""The supervisor's listening sockets: bound once, kept over the lives of the processes that read them.

Every worker slot has sockets of its own in one SO_REUSEPORT group per address, so that the kernel spreads queries and
a restarted worker finds its queue as its predecessor left it. SO_REUSEPORT would also let a second Weir of the same
user join the group and take half of the queries; so an address is first bound without it, as a probe.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Iterator

from resolver.runtime.sockets import Address, SocketError, Use, bind_socket, listen, new_socket, parse

_DISCARD_PORT = 9
"""A peer that never sends (RFC 863)."""


def probe(addresses: Iterable[Address]) -> None:
    """Make sure that nobody holds any of the addresses. SocketError for the first that cannot be had.

    One after the other: a wildcard and an address on the same port are no conflict between our own sockets.
    """
    seen: dict[tuple[bool, str], Address] = {}
    for address in addresses:
        other = seen.setdefault((address.use is Use.UDP, address.text), address)
        if other.key != address.key:
            raise SocketError(
                f"{address.text} stands in {other.key} and in {address.key}: give each its own port"
            )
        with new_socket(address) as sock:
            bind_socket(sock, address)


def unavailable(addresses: Iterable[Address]) -> dict[Address, str]:
    """Those of the addresses that somebody else holds or that this machine has not, each with the reason."""
    found: dict[Address, str] = {}
    for address in addresses:
        try:
            probe([address])
        except SocketError as error:
            found[address] = str(error)
    return found


class SocketPool:
    """The sockets of every child by its name. One owner, the supervisor; a child only borrows their numbers."""

    def __init__(self) -> None:
        """Holds nothing yet."""
        self._held: dict[str, dict[Address, socket.socket]] = {}

    def ensure(self, name: str, addresses: Iterable[Address]) -> None:
        """Bind what ``name`` does not hold yet, all or nothing. SocketError leaves what it held."""
        held = self._held.setdefault(name, {})
        added: dict[Address, socket.socket] = {}
        try:
            for address in addresses:
                if address not in held:
                    added[address] = listen(address)
        except SocketError:
            for sock in added.values():
                sock.close()
            raise
        held.update(added)

    def acquire(self, name: str, addresses: Iterable[Address]) -> dict[Address, str]:
        """Bind for ``name`` each address that can be had. Returns the others with the reasons."""
        found: dict[Address, str] = {}
        for address in addresses:
            try:
                self.ensure(name, [address])
            except SocketError as error:
                found[address] = str(error)
        return found

    def lent(self, name: str, addresses: Iterable[Address]) -> list[tuple[Address, socket.socket]]:
        """What a child called ``name`` gets for these addresses, in their order."""
        held = self._held.get(name, {})
        return [(address, held[address]) for address in addresses if address in held]

    def keep_only(self, name: str, addresses: Iterable[Address]) -> None:
        """Close what ``name`` holds beyond these addresses."""
        held = self._held.get(name, {})
        for address in set(held) - set(addresses):
            held.pop(address).close()

    def withdraw(self, name: str) -> None:
        """Take a child's sockets out of service while it still answers what they have received, and close our copies.

        A connected UDP socket stays open with its queue but gets no more of its group's datagrams: the kernel chooses
        among those that are not connected. Waiting TCP connections move on where net.ipv4.tcp_migrate_req is set.
        """
        for address, sock in self._held.get(name, {}).items():
            if address.use is Use.UDP:
                with contextlib.suppress(OSError):
                    sock.connect((sock.getsockname()[0], _DISCARD_PORT))
        self.keep_only(name, ())

    def holds_port(self, address: Address) -> bool:
        """Whether any of our own sockets of this protocol has the port, so that a probe would find ourselves."""
        return any(_same_port(address, other) for held in self._held.values() for other in held)

    def __iter__(self) -> Iterator[str]:
        """The names that hold anything."""
        return iter([name for name, held in self._held.items() if held])

    def close(self) -> None:
        """Close everything."""
        for name in list(self._held):
            self.keep_only(name, ())


def _same_port(one: Address, other: Address) -> bool:
    same_protocol = (one.use is Use.UDP) == (other.use is Use.UDP)
    return same_protocol and parse(one.text)[1][1] == parse(other.text)[1][1]
