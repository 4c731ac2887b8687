"""Opening and closing attempts: one query to one upstream over one transport each.

The number of open attempts is bounded, because each holds a socket. An attempt whose time is over stays open, late, until
its flight ends: a slow answer is better than none.
"""

from __future__ import annotations

from resolver.exchange.counters import Count
from resolver.exchange.events import Close, Command, SendDatagram, SendMessage
from resolver.exchange.flight import Attempt, Flight, Transport
from resolver.exchange.query import Dice, build_query
from resolver.exchange.upstreams import Upstream

STREAM_TRY = 2.0
"""Seconds for a try over TCP, connection included."""


class Attempts:
    """Opens and closes attempts by putting commands on ``commands``; ``limit`` bounds how many are open."""

    def __init__(self, dice: Dice, count: Count, commands: list[Command], limit: int) -> None:
        """Start with none open."""
        self._dice = dice
        self._count = count
        self._commands = commands
        self._open: dict[int, Attempt] = {}
        self._last = 0
        self.limit = limit

    def __len__(self) -> int:
        """Attempts open, which is sockets in use."""
        return len(self._open)

    @property
    def room(self) -> int:
        """How many more sockets may be opened."""
        return max(0, self.limit - len(self._open))

    def get(self, number: int) -> Attempt | None:
        """The attempt, unless it was closed."""
        return self._open.get(number)

    def open(
        self, flight: Flight, upstream: Upstream, now: float, transport: Transport, *, plain: bool = False
    ) -> None:
        """Send a new query of the flight, ``plain``: without EDNS. The caller has made sure that there is room."""
        self._last += 1
        query = build_query(
            flight.question,
            self._dice,
            edns=upstream.knows_edns(now) and not plain,
            mixed_case=upstream.keeps_case(now),
        )
        tries = flight.tries.get(upstream.endpoint, 0)
        expires = now + (STREAM_TRY if transport is Transport.STREAM else upstream.try_timeout(tries))
        attempt = Attempt(self._last, flight.number, upstream, transport, query, now, expires, plain)
        self._open[self._last] = flight.attempts[self._last] = attempt
        flight.tries[upstream.endpoint] = tries + 1
        flight.queries += 1
        self._send(attempt)

    def close(self, flight: Flight, attempt: Attempt) -> None:
        """Close the attempt's socket or connection."""
        del self._open[attempt.number]
        del flight.attempts[attempt.number]
        self._commands.append(Close(attempt.number))

    def _send(self, attempt: Attempt) -> None:
        self._count("upstream_queries")
        endpoint, wire = attempt.upstream.endpoint, attempt.query.wire
        if attempt.transport is Transport.STREAM:
            self._count("upstream_tcp")
            self._commands.append(SendMessage(attempt.number, endpoint, wire))
        else:
            self._commands.append(SendDatagram(attempt.number, endpoint, wire))
