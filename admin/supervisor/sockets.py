"""Listening sockets: bound once by the supervisor, kept over the lives of the processes that read them.

Every worker slot has sockets of its own in one SO_REUSEPORT group per address, so that the kernel spreads queries and
a restarted worker finds its queue as its predecessor left it. SO_REUSEPORT would also let a second Weir of the same
user join the group and take half of the queries; so an address is first bound without it, as a probe.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

BACKLOG = 1024
"""Connections that wait for a busy or restarting child; the kernel caps it at net.core.somaxconn."""
_DISCARD_PORT = 9
"""A peer that never sends (RFC 863)."""
_IPV6_RECVPKTINFO = 49  # linux/in6.h; Python names it only where the C library headers had it at build time
_IP_PKTINFO = 8  # linux/in.h


class Use(StrEnum):
    """What a socket is for; the word that stands before its number in WEIR_SOCKETS."""

    UDP = "udp"
    TCP = "tcp"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class Address:
    """One thing to listen on. ``text`` is ``host:port`` as configured, ``key`` the configuration key it came from."""

    use: Use
    text: str
    key: str


class BindError(Exception):
    """An address cannot be had; the message says which, why and what to do."""


def parse(text: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """Family and socket address of ``host:port``, IPv6 in brackets. ValueError if it is no such thing."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit():
        raise ValueError(f"{text!r} is not of the form host:port")
    if host.startswith("[") and host.endswith("]"):
        return socket.AF_INET6, (host[1:-1], int(port))
    return socket.AF_INET, (host, int(port))


def probe(addresses: Iterable[Address]) -> None:
    """Make sure that nobody holds any of the addresses. BindError for the first that cannot be had.

    One after the other: a wildcard and an address on the same port are no conflict between our own sockets.
    """
    seen: dict[tuple[bool, str], Address] = {}
    for address in addresses:
        other = seen.setdefault((address.use is Use.UDP, address.text), address)
        if other.key != address.key:
            raise BindError(
                f"{address.text} stands in {other.key} and in {address.key}: give each its own port"
            )
        with _new(address) as sock:
            _bind(sock, address)


def listen(address: Address) -> socket.socket:
    """A bound socket that its child inherits; TCP and HTTP sockets listen. BindError if it cannot be had."""
    sock = _new(address)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _want_destination(sock, address)
        _bind(sock, address)
        if address.use is not Use.UDP:
            sock.listen(BACKLOG)
    except BindError:
        sock.close()
        raise
    return sock


def environment(sockets: Iterable[tuple[Address, socket.socket]]) -> str:
    """The value of WEIR_SOCKETS: ``udp:5,tcp:6``."""
    return ",".join(f"{address.use}:{sock.fileno()}" for address, sock in sockets)


class SocketPool:
    """The sockets of every child by its name. One owner, the supervisor; a child only borrows their numbers."""

    def __init__(self) -> None:
        """Holds nothing yet."""
        self._held: dict[str, dict[Address, socket.socket]] = {}

    def ensure(self, name: str, addresses: Iterable[Address]) -> None:
        """Bind what ``name`` does not hold yet, all or nothing. BindError leaves what it held."""
        held = self._held.setdefault(name, {})
        added: dict[Address, socket.socket] = {}
        try:
            for address in addresses:
                if address not in held:
                    added[address] = listen(address)
        except BindError:
            for sock in added.values():
                sock.close()
            raise
        held.update(added)

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


def _new(address: Address) -> socket.socket:
    try:
        family, _ = parse(address.text)
    except ValueError as error:
        raise BindError(f"{address.key}: {error}") from error
    kind = socket.SOCK_DGRAM if address.use is Use.UDP else socket.SOCK_STREAM
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if kind == socket.SOCK_STREAM:  # on UDP it would hide another owner of the port; on TCP only TIME_WAIT
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _want_destination(sock: socket.socket, address: Address) -> None:
    """On a wildcard, ask for each datagram's destination: the answer must leave from the address that was asked."""
    family, (host, _) = parse(address.text)
    if address.use is not Use.UDP:
        return
    if family == socket.AF_INET6 and host == "::":
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
    elif family == socket.AF_INET and host == "0.0.0.0":  # noqa: S104 - compared with, not bound to
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def _bind(sock: socket.socket, address: Address) -> None:
    try:
        sock.bind(parse(address.text)[1])
    except (OSError, OverflowError) as error:
        raise BindError(_explain(address, error)) from error


def _explain(address: Address, error: OSError | OverflowError) -> str:
    protocol = "UDP" if address.use is Use.UDP else "TCP"
    where = f"{address.text} ({protocol})"
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        hint = " (systemd-resolved holds port 53 on many machines)" if address.text.endswith(":53") else ""
        return f"{where} is in use by another program: stop it or change {address.key}{hint}"
    if number == errno.EADDRNOTAVAIL:
        return f"{where} is no address of this machine: add it to an interface or change {address.key}"
    if number in (errno.EACCES, errno.EPERM):
        return f"{where} may not be bound by this user: give CAP_NET_BIND_SERVICE or change {address.key}"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"{where} cannot be bound ({reason}): change {address.key}"
