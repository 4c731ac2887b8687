"""Outgoing UDP sockets: which one carries the next question.

A socket, bind and close for every question cost more than everything else about it, so a socket whose question was
answered may carry another one later. What somebody who forges answers must guess (RFC 5452 section 9.2) stays:

- A socket carries one question at a time, so its port belongs to one id and one name.
- Ports are random over the whole range, and a question's socket is chosen at random among at least ``spare`` idle
  ones; while there are fewer, a fresh one is opened. Whoever knows every port in use still guesses one of ``spare``
  (8 bits beside the id's 16 and the letters' case), and whoever knows none guesses one of 64,512 as before.
- A port lives for MAX_QUESTIONS or MAX_AGE, whichever is first: what can be learnt about it is soon worth nothing. A
  quiet box opens a fresh one for every question.
- Only a socket that received its one answer is used again. What is late, doubled or forged finds it closed and cannot
  be taken for the next question's.

Sockets stay unconnected, so that datagrams from a wrong address can be seen and counted instead of being dropped
unseen; IP_RECVERR makes an ICMP error felt at once all the same.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

from resolver.exchange.endpoint import Endpoint
from resolver.exchange.query import Dice

PORT_TRIES = 8
"""Random ports to try before the kernel chooses one."""
SPARE = 256
"""Idle sockets that a question's socket is chosen from."""
MAX_QUESTIONS = 32
"""Questions that one socket carries: opening one costs little when shared by so many."""
MAX_AGE = 10.0
"""Seconds that a socket lives."""

_LOWEST_PORT, _PORT_COUNT = 1_024, 65_536 - 1_024
_IP_RECVERR, _IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h: the socket module does not name them


class Channel:
    """A socket and the question that it carries; ``attempt`` is 0 while it is idle."""

    __slots__ = ("attempt", "born", "endpoint", "is_ipv6", "questions", "received", "sock")

    def __init__(self, sock: socket.socket, is_ipv6: bool, now: float) -> None:
        """A fresh socket."""
        self.sock = sock
        self.is_ipv6 = is_ipv6
        self.born = now
        self.attempt = 0
        self.endpoint: Endpoint | None = None
        self.questions = 0
        self.received = 0


class SocketPool:
    """At most ``limit`` sockets, idle ones included. ``opened`` and ``closing`` are told of every socket."""

    def __init__(
        self,
        dice: Dice,
        limit: int,
        *,
        opened: Callable[[Channel], None],
        closing: Callable[[Channel], None],
    ) -> None:
        """Start with none."""
        self._dice = dice
        self._limit = limit
        self._spare = min(SPARE, limit // 4)
        self._opened = opened
        self._closing = closing
        self._idle: dict[bool, list[Channel]] = {False: [], True: []}
        self._count = 0

    def __len__(self) -> int:
        """Sockets open."""
        return self._count

    @property
    def idle(self) -> int:
        """Sockets that carry no question."""
        return sum(map(len, self._idle.values()))

    def take(self, is_ipv6: bool, now: float) -> Channel:
        """A socket for one question. OSError if there is none and none can be opened."""
        idle = self._idle[is_ipv6]
        while len(idle) > self._spare or (idle and self._count >= self._limit):
            channel = self._draw(idle)
            if now - channel.born < MAX_AGE:
                return channel
            self.discard(channel)
        if self._count >= self._limit:
            self._sacrifice(not is_ipv6)
        try:
            return self._open(is_ipv6, now)
        except OSError:
            if not idle:
                raise
            return self._draw(idle)  # one that would have rested is better than none

    def give_back(self, channel: Channel, now: float) -> None:
        """The question is over: keep the socket for another, if it is fit for one."""
        channel.attempt = 0
        is_fit = channel.received == 1 and channel.questions < MAX_QUESTIONS and now - channel.born < MAX_AGE
        if is_fit and len(self._idle[channel.is_ipv6]) <= 2 * self._spare:
            self._idle[channel.is_ipv6].append(channel)
        else:
            self.discard(channel)

    def retire(self, channel: Channel) -> None:
        """Close an idle socket at which something unasked arrived."""
        self._idle[channel.is_ipv6].remove(channel)
        self.discard(channel)

    def discard(self, channel: Channel) -> None:
        """Close a socket that is not among the idle ones."""
        self._count -= 1
        self._closing(channel)
        channel.sock.close()

    def sweep(self, now: float) -> None:
        """Close idle sockets that have lived long enough."""
        for idle in self._idle.values():
            old = [channel for channel in idle if now - channel.born >= MAX_AGE]
            idle[:] = [channel for channel in idle if now - channel.born < MAX_AGE]
            for channel in old:
                self.discard(channel)

    def close(self) -> None:
        """Close all idle sockets."""
        self.sweep(float("inf"))

    def _draw(self, idle: list[Channel]) -> Channel:
        place = int(self._dice.random() * len(idle))
        idle[place], idle[-1] = idle[-1], idle[place]
        return idle.pop()

    def _sacrifice(self, is_ipv6: bool) -> None:
        """Make room by closing an idle socket of the other family. OSError if there is none."""
        if not self._idle[is_ipv6]:
            raise OSError(errno.EMFILE, "all sockets for upstreams are in use")
        self.discard(self._draw(self._idle[is_ipv6]))

    def _open(self, is_ipv6: bool, now: float) -> Channel:
        family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            if is_ipv6:
                sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            self._bind(sock)
            channel = Channel(sock, is_ipv6, now)
            self._opened(channel)
        except BaseException:
            sock.close()
            raise
        self._count += 1
        return channel

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
