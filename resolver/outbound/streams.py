"""Outgoing TCP: one connection per query, messages with a length prefix (RFC 7766 section 8).

There is no time-out here: the exchange closes the attempt when its time is over.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from resolver.exchange.events import AttemptFailed, MessageReceived, SendMessage, Trouble
from resolver.outbound.datagrams import trouble_of
from resolver.runtime.tasks import spawn

Report = Callable[[MessageReceived | AttemptFailed], None]


class Streams:
    """The TCP conversations of all open attempts, one task each."""

    def __init__(self, report: Report) -> None:
        """``report`` takes how a conversation ended; it may call ``send`` and ``close``."""
        self._report = report
        self._wanted: dict[int, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Conversations whose end has not been reported."""
        return len(self._wanted)

    def send(self, command: SendMessage) -> None:
        """Start a conversation."""
        task = spawn(self._converse(command), name=f"upstream over TCP, attempt {command.attempt}")
        self._wanted[command.attempt] = task
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def close(self, attempt: int) -> None:
        """End the conversation; one that has ended is no error."""
        task = self._wanted.pop(attempt, None)
        if task is not None:
            task.cancel()

    async def close_all(self) -> None:
        """End every conversation and wait until the last connection is closed."""
        for attempt in list(self._wanted):
            self.close(attempt)
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _converse(self, command: SendMessage) -> None:
        event: MessageReceived | AttemptFailed
        try:
            event = MessageReceived(command.attempt, await _exchange(command))
        except EOFError:
            event = AttemptFailed(command.attempt, Trouble.REFUSED)
        except OSError as error:
            event = AttemptFailed(command.attempt, trouble_of(error))
        # From here on a Close must not cancel this task, which is about to carry it out.
        if self._wanted.pop(command.attempt, None) is not None:
            self._report(event)


async def _exchange(command: SendMessage) -> bytes:
    """Connect, send, and read one message. OSError, or EOFError if the connection ends before the message."""
    loop = asyncio.get_running_loop()
    endpoint = command.endpoint
    family = socket.AF_INET6 if endpoint.is_ipv6 else socket.AF_INET
    kind = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    with socket.socket(family, kind) as sock:
        await loop.sock_connect(sock, (endpoint.host, endpoint.port))
        await loop.sock_sendall(sock, len(command.data).to_bytes(2, "big") + command.data)
        length = int.from_bytes(await _read_exactly(sock, 2), "big")
        return await _read_exactly(sock, length)


async def _read_exactly(sock: socket.socket, length: int) -> bytes:
    """Exactly ``length`` octets. EOFError if the connection ends before."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < length:
        part = await loop.sock_recv(sock, length - len(received))
        if not part:
            raise EOFError
        received += part
    return bytes(received)
