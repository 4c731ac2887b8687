"""The sockets that a worker serves: inherited from the supervisor, or bound here.

``WEIR_SOCKETS`` names inherited ones as ``udp:5,tcp:6``. The supervisor keeps them open while a worker is replaced, so
that what arrives in between waits in the kernel instead of being lost.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BACKLOG = 511


class BindError(OSError):
    """An address cannot be served; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """Bound UDP sockets and listening TCP sockets."""

    udp: tuple[socket.socket, ...]
    tcp: tuple[socket.socket, ...]


def split_host_port(text: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` as a pair. ValueError if it is neither."""
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def inherited(environ: Mapping[str, str] = os.environ) -> Sockets | None:
    """The sockets that the parent passed; None if it passed none."""
    described = environ.get("WEIR_SOCKETS", "")
    if not described:
        return None
    udp: list[socket.socket] = []
    tcp: list[socket.socket] = []
    for item in described.split(","):
        kind, _, number = item.partition(":")
        sock = socket.socket(fileno=int(number))
        {"udp": udp, "tcp": tcp}[kind].append(sock)
    return Sockets(tuple(udp), tuple(tcp))


def bind(addresses: Sequence[str]) -> Sockets:
    """Bind UDP and TCP on each ``host:port``, shared with other workers (SO_REUSEPORT). BindError if one cannot be."""
    return Sockets(
        tuple(_bound(address, socket.SOCK_DGRAM) for address in addresses),
        tuple(_bound(address, socket.SOCK_STREAM) for address in addresses),
    )


def _bound(address: str, kind: socket.SocketKind) -> socket.socket:
    host, port = split_host_port(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        if kind is socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        protocol = "UDP" if kind is socket.SOCK_DGRAM else "TCP"
        raise BindError(f"cannot serve {address} ({protocol}): {error.strerror}") from error
    return sock
