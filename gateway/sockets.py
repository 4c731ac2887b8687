"""The sockets that the gateway listens on: handed over by a supervisor, or bound here."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping

VARIABLE = "WEIR_SOCKETS"
KIND = "http"
BACKLOG = 1_024
"""Connections that wait to be accepted; the kernel's own ceiling (net.core.somaxconn) may be lower."""


class SocketError(ValueError):
    """A socket cannot be had: the message says which one, why, and what to do."""


def inherited(environ: Mapping[str, str]) -> list[socket.socket]:
    """The listening sockets that ``WEIR_SOCKETS`` ("http:3,http:4") names; empty without it. SocketError if one is none."""
    return [_adopt(item) for item in environ.get(VARIABLE, "").split(",") if item]


def _adopt(item: str) -> socket.socket:
    kind, _, number = item.partition(":")
    if kind != KIND or not number.isdigit():
        raise SocketError(f"{VARIABLE}: {item!r} is not of the form {KIND}:NUMBER")
    try:
        sock = socket.socket(fileno=int(number))
        listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise SocketError(f"{VARIABLE}: {item!r} is no open socket ({error.strerror})") from error
    if not listening:
        sock.close()
        raise SocketError(f"{VARIABLE}: {item!r} is not a listening TCP socket")
    sock.setblocking(False)
    return sock


def bind(addresses: Iterable[str]) -> list[socket.socket]:
    """Listen on every ``host:port`` (IPv6 in brackets). SocketError if one cannot be had; none is then left open."""
    bound: list[socket.socket] = []
    try:
        bound.extend(_listen(address) for address in addresses)
    except SocketError:
        for sock in bound:
            sock.close()
        raise
    return bound


def _listen(text: str) -> socket.socket:
    host, port = _split(text)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        sock.close()
        raise SocketError(
            f"cannot listen on {text}: {error}; free the address or change gateway.listen in the configuration"
        ) from error
    sock.setblocking(False)
    return sock


def _split(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit():
        raise SocketError(f"{text!r} is not of the form HOST:PORT (IPv6 in brackets)")
    return host, int(port)
