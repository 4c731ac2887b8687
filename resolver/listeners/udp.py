"""DNS over UDP: one socket, read in batches, answered from the address that was asked.

On a wildcard socket the kernel tells the destination of each datagram (IP_PKTINFO, RFC 3542; asked for where sockets
are bound, ``resolver.runtime.sockets``) and the answer is sent from it: a client drops what comes from elsewhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from resolver.answer.decision import Miss
from resolver.listeners.server import Server

BATCH = 64
"""Datagrams read before other work gets its turn."""

LAST_BATCHES = 1_000
"""Batches read at the end at most: under a flood the end must come all the same."""

_LARGEST_QUERY = 4096
"""No query that this server can use is longer; the rest of a longer datagram is cut off by the kernel."""

_ANCILLARY = 128
_PKTINFO = {(socket.IPPROTO_IP, 8), (socket.IPPROTO_IPV6, 50)}

Peer = Any
"""A socket address of the kernel's own shape."""


class UdpListener:
    """Serves one bound UDP socket until ``close``; the socket stays the caller's."""

    def __init__(self, sock: socket.socket, server: Server, count: Callable[[str], None]) -> None:
        self._socket = sock
        self._server = server
        self._count = count
        self._loop = asyncio.get_running_loop()
        sock.setblocking(False)
        self._wildcard = ipaddress.ip_address(sock.getsockname()[0]).is_unspecified
        self._loop.add_reader(sock.fileno(), self._read)

    def close(self) -> None:
        """Answer what has arrived, then stop reading; what comes later waits for whoever shares the socket."""
        self._loop.remove_reader(self._socket.fileno())
        for _ in range(LAST_BATCHES):
            if not self._read():
                return

    def _read(self) -> bool:
        """Serve one batch; False when nothing is left."""
        for _ in range(BATCH):
            try:
                if self._wildcard:
                    packet, ancillary, _, peer = self._socket.recvmsg(_LARGEST_QUERY, _ANCILLARY)
                else:
                    packet, peer = self._socket.recvfrom(_LARGEST_QUERY)
                    ancillary = []
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:  # an ICMP error of an earlier answer; the socket itself is fine
                self._count("udp_errors")
                return True
            self._answer(packet, peer, [item for item in ancillary if item[:2] in _PKTINFO])
        return True

    def _answer(self, packet: bytes, peer: Peer, source: list[tuple[int, int, bytes]]) -> None:
        if peer[1] == 0:
            return  # nobody can receive on port 0
        result = self._server.handle(packet, peer[0], over_tcp=False)
        if isinstance(result, Miss):
            self._server.finish_later(result, lambda answer: self._send(answer, peer, source))
        else:
            self._send(result, peer, source)

    def _send(self, answer: bytes | None, peer: Peer, source: list[tuple[int, int, bytes]]) -> None:
        if answer is None:
            return
        try:
            if source:
                self._socket.sendmsg([answer], source, 0, peer)
            else:
                self._socket.sendto(answer, peer)
        except OSError:  # a full send buffer, an unreachable client: it will ask again
            self._count("udp_errors")
