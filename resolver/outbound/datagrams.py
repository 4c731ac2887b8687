"""Outgoing UDP: a fresh socket on a random port for every query, closed with it (RFC 5452 section 9.2).

Sockets stay unconnected, so that datagrams from a wrong address can be seen and counted instead of being dropped
unseen; IP_RECVERR makes an ICMP error felt at once all the same.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from ipaddress import ip_address

from resolver.exchange.endpoint import Endpoint
from resolver.exchange.events import AttemptFailed, DatagramReceived, SendDatagram, Trouble
from resolver.exchange.query import Dice

PORT_TRIES = 8
"""Random ports to try before the kernel chooses one."""
MAX_DATAGRAM = 4_096
"""Upstreams are asked for at most 1232 octets; what is cut here was not asked for and fails to parse."""
MAX_BATCH = 16
"""Datagrams read from one socket before the others have their turn."""

_LOWEST_PORT, _PORT_COUNT = 1_024, 65_536 - 1_024
_IP_RECVERR, _IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h: the socket module does not name them
_NO_SOCKET_LEFT = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRINUSE, errno.EAGAIN}
)

Report = Callable[[DatagramReceived | AttemptFailed], None]


class Datagrams:
    """The UDP sockets of all open attempts."""

    def __init__(self, dice: Dice, report: Report) -> None:
        """``report`` takes what happens to the sockets; it may call ``send`` and ``close``."""
        self._dice = dice
        self._report = report
        self._sockets: dict[int, socket.socket] = {}

    def __len__(self) -> int:
        """Sockets open."""
        return len(self._sockets)

    def send(self, command: SendDatagram) -> AttemptFailed | None:
        """Open a socket and send; returns the failure if there is one, and then no socket is left open."""
        sock: socket.socket | None = None
        try:
            sock = self._open(command.endpoint.is_ipv6)
            sock.sendto(command.data, (command.endpoint.host, command.endpoint.port))
        except OSError as error:
            if sock is not None:
                sock.close()
            return AttemptFailed(command.attempt, trouble_of(error))
        self._sockets[command.attempt] = sock
        asyncio.get_running_loop().add_reader(sock, self._read, command.attempt, sock)
        return None

    def close(self, attempt: int) -> None:
        """Close the attempt's socket; one that is closed already is no error."""
        sock = self._sockets.pop(attempt, None)
        if sock is not None:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def close_all(self) -> None:
        """Close every socket."""
        for attempt in list(self._sockets):
            self.close(attempt)

    def _open(self, is_ipv6: bool) -> socket.socket:
        family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            if is_ipv6:
                sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            self._bind(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def _bind(self, sock: socket.socket) -> None:
        for _ in range(PORT_TRIES):
            try:
                sock.bind(("", _LOWEST_PORT + int(self._dice.random() * _PORT_COUNT)))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return
        sock.bind(("", 0))

    def _read(self, attempt: int, sock: socket.socket) -> None:
        for _ in range(MAX_BATCH):
            try:
                data, source = sock.recvfrom(MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._report(AttemptFailed(attempt, trouble_of(error)))
                return
            self._report(DatagramReceived(attempt, data, Endpoint(str(ip_address(source[0])), source[1])))
            if self._sockets.get(attempt) is not sock:
                return  # the report led to its end


def trouble_of(error: OSError) -> Trouble:
    """Whose fault an error of a socket call is: this machine's bounds, or the network's."""
    return Trouble.NO_SOCKET if error.errno in _NO_SOCKET_LEFT else Trouble.REFUSED
