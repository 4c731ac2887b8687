"""Outgoing UDP: questions out, whatever comes back in. ``sockets`` says which socket carries a question.

All sockets are watched by one epoll of their own, and the event loop watches that one: many replies cost it one turn,
and using a socket again costs it nothing.
"""

from __future__ import annotations

import asyncio
import errno
import select
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from resolver.exchange.endpoint import Endpoint
from resolver.exchange.events import AttemptFailed, DatagramReceived, SendDatagram, Trouble
from resolver.exchange.query import Dice
from resolver.outbound.sockets import MAX_AGE, Channel, SocketPool

MAX_DATAGRAM = 4_096
"""Upstreams are asked for at most 1232 octets; what is cut here was not asked for and fails to parse."""
MAX_BATCH = 64
"""Datagrams read before other work has its turn."""
MAX_SOCKETS = 4_096
"""Sockets where the caller names no bound."""

_NO_SOCKET_LEFT = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRINUSE, errno.EAGAIN}
)

Report = Callable[[DatagramReceived | AttemptFailed], None]


class Datagrams:
    """The UDP sockets of all open attempts, and those that wait for the next ones."""

    def __init__(
        self,
        dice: Dice,
        report: Report,
        limit: int = MAX_SOCKETS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``report`` takes what happens to the sockets; it may call ``send`` and ``close``."""
        self._report = report
        self._clock = clock
        self._pool = SocketPool(dice, limit, opened=self._watch, closing=self._unwatch)
        self._carrying: dict[int, Channel] = {}
        self._by_file: dict[int, Channel] = {}
        self._epoll: select.epoll | None = None
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Attempts that have a socket."""
        return len(self._carrying)

    def send(self, command: SendDatagram) -> AttemptFailed | None:
        """Send on a socket; returns the failure if there is one, and then the attempt has no socket."""
        attempt, endpoint, data = command
        channel: Channel | None = None
        now = self._clock()
        try:
            channel = self._pool.take(endpoint.is_ipv6, now)
            channel.sock.sendto(data, endpoint)
        except OSError as error:
            if channel is not None:
                self._pool.discard(channel)
            return AttemptFailed(attempt, trouble_of(error))
        channel.attempt, channel.endpoint, channel.received = attempt, endpoint, 0
        channel.questions += 1
        self._carrying[attempt] = channel
        return None

    def close(self, attempt: int) -> None:
        """Nothing more is wanted for the attempt; one that has no socket is no error."""
        channel = self._carrying.pop(attempt, None)
        if channel is not None:
            self._pool.give_back(channel, self._clock())

    def close_all(self) -> None:
        """Close every socket."""
        for channel in self._carrying.values():
            self._pool.discard(channel)
        self._carrying.clear()
        self._pool.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        if self._epoll is not None:
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _watch(self, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        if self._epoll is None:
            self._epoll = select.epoll()
            loop.add_reader(self._epoll.fileno(), self._read_all)
        self._epoll.register(channel.sock.fileno(), select.EPOLLIN)
        self._by_file[channel.sock.fileno()] = channel
        if self._sweeping is None:
            self._sweeping = loop.call_later(MAX_AGE, self._sweep)

    def _unwatch(self, channel: Channel) -> None:
        """Closing the socket takes it out of the epoll."""
        del self._by_file[channel.sock.fileno()]

    def _sweep(self) -> None:
        self._pool.sweep(self._clock())
        self._sweeping = None
        if self._by_file:
            self._sweeping = asyncio.get_running_loop().call_later(MAX_AGE, self._sweep)

    def _read_all(self) -> None:
        """One datagram of every socket that has one; the loop comes back while there are more."""
        if self._epoll is None:
            return
        for file, _ in self._epoll.poll(0, MAX_BATCH):
            channel = self._by_file.get(file)
            if channel is not None:  # else an earlier report of this batch led to its end
                self._read(channel)

    def _read(self, channel: Channel) -> None:
        attempt = channel.attempt
        if not attempt:
            self._pool.retire(channel)  # whoever sends here knows the port, or an answer came twice
            return
        try:
            data, source = channel.sock.recvfrom(MAX_DATAGRAM)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._report(AttemptFailed(attempt, trouble_of(error)))
            return
        sender = _endpoint_of(source, channel.endpoint)
        # A stranger's datagram makes the socket unfit for another question: the answer is still on its way.
        channel.received += 1 if sender == channel.endpoint else 2
        self._report(DatagramReceived(attempt, data, sender))


def _endpoint_of(source: Any, expected: Endpoint | None) -> Endpoint:
    """The sender in canonical form; nearly always it is the one that was asked."""
    if expected is not None and source[:2] == expected:
        return expected
    return Endpoint(str(ip_address(source[0])), source[1])


def trouble_of(error: OSError) -> Trouble:
    """Whose fault an error of a socket call is: this machine's bounds, or the network's."""
    return Trouble.NO_SOCKET if error.errno in _NO_SOCKET_LEFT else Trouble.REFUSED
