"""The sockets of all processes: what ``host:port`` means, how one is bound, and how a parent hands them over.

``WEIR_SOCKETS`` names inherited sockets by use and number, as ``udp:5,tcp:6``. The supervisor keeps them open while a
child is replaced, so that what arrives in between waits in the kernel instead of being lost. A child that inherits none
(started by hand) binds its own.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

VARIABLE = "WEIR_SOCKETS"
BACKLOG = 1024
"""Connections that wait for a busy or restarting child; the kernel caps it at net.core.somaxconn."""
RECEIVE_QUEUE = 4 * 1024 * 1024
"""Octets of a UDP socket's queue; the kernel counts its own overhead, so about 5,000 queries."""
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h
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


class SocketError(Exception):
    """A socket cannot be had; the message says which, why and what to do."""


def parse(text: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """Family and socket address of ``host:port``, IPv6 in brackets. ValueError if it is no such thing."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit():
        raise ValueError(f"{text!r} is not of the form host:port")
    if host.startswith("[") and host.endswith("]"):
        return socket.AF_INET6, (host[1:-1], int(port))
    return socket.AF_INET, (host, int(port))


def listen(address: Address) -> socket.socket:
    """A bound socket that its child inherits; TCP and HTTP sockets listen. SocketError if it cannot be had."""
    sock = new_socket(address)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _want_destination(sock, address)
        bind_socket(sock, address)
        if address.use is not Use.UDP:
            sock.listen(BACKLOG)
    except SocketError:
        sock.close()
        raise
    return sock


def listen_all(addresses: Iterable[Address]) -> list[socket.socket]:
    """A socket for each address, in their order. SocketError if one cannot be had; none is then left open."""
    bound: list[socket.socket] = []
    try:
        for address in addresses:
            bound.append(listen(address))  # noqa: PERF401 - those bound so far are closed on failure
    except SocketError:
        for sock in bound:
            sock.close()
        raise
    return bound


def environment(sockets: Iterable[tuple[Address, socket.socket]]) -> str:
    """The value of WEIR_SOCKETS: ``udp:5,tcp:6``."""
    return ",".join(f"{address.use}:{sock.fileno()}" for address, sock in sockets)


def inherited(environ: Mapping[str, str], *uses: Use) -> dict[Use, list[socket.socket]]:
    """The sockets that the parent passed, by use; the lists are empty without any. SocketError if one is not of ``uses``."""
    found: dict[Use, list[socket.socket]] = {use: [] for use in uses}
    for item in filter(None, environ.get(VARIABLE, "").split(",")):
        kind, _, number = item.partition(":")
        if kind not in found or not number.isdigit():
            raise SocketError(f"{VARIABLE}: {item!r} is not of the form {' or '.join(uses)}:NUMBER")
        found[Use(kind)].append(_adopt(item, Use(kind), int(number)))
    return found


def _adopt(item: str, use: Use, number: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=number)
        listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise SocketError(f"{VARIABLE}: {item!r} is no open socket ({error.strerror})") from error
    is_right = sock.type is socket.SOCK_DGRAM if use is Use.UDP else bool(listening)
    if not is_right:
        sock.close()
        kind = "UDP" if use is Use.UDP else "listening TCP"
        raise SocketError(f"{VARIABLE}: {item!r} is not a {kind} socket")
    sock.setblocking(False)
    return sock


def new_socket(address: Address) -> socket.socket:
    """An unbound socket for an address, close-on-exec and non-blocking. SocketError if the address is none."""
    try:
        family, _ = parse(address.text)
    except ValueError as error:
        raise SocketError(f"{address.key}: {error}") from error
    kind = socket.SOCK_DGRAM if address.use is Use.UDP else socket.SOCK_STREAM
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if kind == socket.SOCK_DGRAM:
        _enlarge_queue(sock)
    else:  # on UDP it would hide another owner of the port; on TCP only TIME_WAIT
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _enlarge_queue(sock: socket.socket) -> None:
    """Room for what arrives while a worker is replaced or takes over a large generation."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_QUEUE)
    except PermissionError:  # without CAP_NET_ADMIN the kernel caps it at net.core.rmem_max
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_QUEUE)


def _want_destination(sock: socket.socket, address: Address) -> None:
    """On a wildcard, ask for each datagram's destination: the answer must leave from the address that was asked."""
    family, (host, _) = parse(address.text)
    if address.use is not Use.UDP:
        return
    if family == socket.AF_INET6 and host == "::":
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
    elif family == socket.AF_INET and host == "0.0.0.0":  # noqa: S104 - compared with, not bound to
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def bind_socket(sock: socket.socket, address: Address) -> None:
    """Bind; SocketError in the operator's words."""
    try:
        sock.bind(parse(address.text)[1])
    except (OSError, OverflowError) as error:
        raise SocketError(_explain(address, error)) from error


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
