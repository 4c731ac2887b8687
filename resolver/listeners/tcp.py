"""DNS over TCP (RFC 7766): pipelined queries, answers in the order in which they are ready, bounded everywhere.

A client may hold a connection open as long as it uses it. Idle connections are closed after a while, the idlest one
at once when all places are taken; one client address gets a limited number of places, so that it cannot take them all.
"""

from __future__ import annotations

import asyncio
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from resolver.core.native import HANDED_OVER, HandedOver
from resolver.listeners.server import Server

MAX_PIPELINED = 100
"""Unanswered queries on one connection; more are read when some are answered."""

MAX_UNSENT = 256 * 1024
"""Octets waiting for a client that does not read; then the connection is dropped."""

First = Callable[[bytes, str], bytes | HandedOver | None]
"""Gives the answer to a packet and its sender's address, None for silence, or leaves it to Python."""


@dataclass(frozen=True, slots=True)
class TcpLimits:
    """``idle`` in seconds; ``per_client`` and ``total`` in connections."""

    idle: float
    per_client: int
    total: int


class TcpConnections:
    """All TCP connections of a worker, over however many listening sockets."""

    def __init__(
        self,
        server: Server,
        limits: TcpLimits,
        *,
        count: Callable[[str], None],
        gauge: Callable[[str, int], None],
        first: First | None = None,
    ) -> None:
        """``first`` is asked for each query before ``server``."""
        self.limits = limits
        self.first = first
        self._server = server
        self._count = count
        self._gauge = gauge
        self._open: dict[TcpConnection, None] = {}  # ordered: the idlest first
        self._per_client: Counter[str] = Counter()

    def connection(self) -> TcpConnection:
        """The protocol for one accepted connection (an asyncio protocol factory)."""
        return TcpConnection(self, self._server)

    def admit(self, connection: TcpConnection) -> bool:
        """Take a place; False if this client has its share. The idlest connection gives way when all are taken."""
        if self._per_client[connection.client] >= self.limits.per_client:
            self._count("tcp_refused")
            return False
        if len(self._open) >= self.limits.total:
            idlest = next(iter(self._open))
            self._count("tcp_evicted")
            idlest.abort()
            self.remove(idlest)
        self._open[connection] = None
        self._per_client[connection.client] += 1
        self._gauge("tcp_connections", len(self._open))
        return True

    def touch(self, connection: TcpConnection) -> None:
        """Note that the connection was used."""
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def remove(self, connection: TcpConnection) -> None:
        """Give the place back; twice does no harm."""
        if connection not in self._open:
            return
        del self._open[connection]
        self._per_client[connection.client] -= 1
        if not self._per_client[connection.client]:
            del self._per_client[connection.client]
        self._gauge("tcp_connections", len(self._open))

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.close()


class TcpConnection(asyncio.Protocol):
    """One client's connection: length-prefixed messages both ways (RFC 1035 section 4.2.2)."""

    def __init__(self, connections: TcpConnections, server: Server) -> None:
        self._connections = connections
        self._server = server
        self._buffer = bytearray()
        self._pending = 0
        self._ended = False
        self.client = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place or close at once."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self.client = peer[0] if peer else ""
        self._timer = asyncio.get_running_loop().call_later(self._connections.limits.idle, self._idle)
        if not self.client or not self._connections.admit(self):
            transport.abort()
            return
        transport.set_write_buffer_limits(high=MAX_UNSENT)

    def data_received(self, data: bytes) -> None:
        """Collect, and serve every whole message."""
        self._buffer += data
        self._serve()

    def eof_received(self) -> bool:
        """The client will send no more, but it gets what it asked for (RFC 7766 section 6.2.4)."""
        self._ended = True
        return self._pending > 0

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._timer.cancel()
        self._connections.remove(self)

    def close(self) -> None:
        """Send what is written and close."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once: a client that does not read would hold its place for as long as it likes."""
        self._transport.abort()

    def _idle(self) -> None:
        if self._pending:
            self._rearm()
        elif self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def _rearm(self) -> None:
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._connections.limits.idle, self._idle)

    def _serve(self) -> None:
        while self._pending < MAX_PIPELINED and len(self._buffer) >= 2:
            (length,) = struct.unpack_from("!H", self._buffer)
            if len(self._buffer) < 2 + length:
                break
            packet = bytes(self._buffer[2 : 2 + length])
            del self._buffer[: 2 + length]
            # Only whole queries count as use: a byte a second does not keep a place.
            self._rearm()
            self._connections.touch(self)
            self._one(packet)
        if self._pending >= MAX_PIPELINED:
            self._transport.pause_reading()

    def _one(self, packet: bytes) -> None:
        self._pending += 1
        first = self._connections.first
        answer = HANDED_OVER if first is None else first(packet, self.client)
        if answer is HANDED_OVER:
            self._server.serve(packet, self.client, self._answered, over_tcp=True)
        else:
            self._answered(answer)

    def _answered(self, answer: bytes | None) -> None:
        self._pending -= 1
        if self._transport.is_closing():
            return
        if answer is not None:
            self._transport.write(struct.pack("!H", len(answer)) + answer)
        if self._ended and not self._pending:
            self._transport.close()
        elif self._pending == MAX_PIPELINED - 1:
            self._transport.resume_reading()
            asyncio.get_running_loop().call_soon(self._serve)
