"""One flight's way through the upstreams: the next try, what a message changes, when nothing is left to try.

Every method says how the flight stands afterwards: an Answer, a FailureKind when nothing more can be awaited, or None
while something is. Ending the flight is the caller's part.
"""

from __future__ import annotations

from resolver.exchange.attempts import Attempts
from resolver.exchange.counters import Count
from resolver.exchange.events import DatagramReceived, MessageReceived, Trouble
from resolver.exchange.flight import Attempt, Flight, Transport
from resolver.exchange.judge import Judge, Outcome, Step
from resolver.exchange.model import Answer, FailureKind
from resolver.exchange.query import Dice
from resolver.exchange.scan import TtlLimits
from resolver.exchange.upstreams import Pool, Upstream

MAX_QUERIES = 12
"""Queries sent for one flight, whatever they are answered."""

Ending = Answer | FailureKind | None


class Tries:
    """Chooses upstreams, opens attempts and acts on what they bring."""

    def __init__(self, pool: Pool, attempts: Attempts, dice: Dice, count: Count) -> None:
        """``pool`` and ``attempts`` are shared with the exchange, which owns them."""
        self._pool = pool
        self._attempts = attempts
        self._dice = dice
        self._count = count

    def advance(self, flight: Flight, now: float) -> Ending:
        """Start the next try, if there is an upstream to try and a socket for it."""
        upstream = self._choose(flight)
        if upstream is not None and self._attempts.room:
            self._attempts.open(flight, upstream, now, Transport.DATAGRAM)
            return None
        if flight.attempts:
            return None
        return FailureKind.OVERLOAD if upstream is not None else flight.failure

    def receive(
        self,
        flight: Flight,
        attempt: Attempt,
        event: DatagramReceived | MessageReceived,
        limits: TtlLimits,
        now: float,
    ) -> Ending:
        """A message came for the attempt."""
        judge = Judge(flight.question, limits, now)
        if isinstance(event, DatagramReceived):
            outcome = judge.datagram(attempt, event.data, event.source)
        else:
            outcome = judge.message(attempt, event.data)
        self._note(attempt, outcome, now)
        return self._act(flight, attempt, outcome, now)

    def attempt_failed(self, flight: Flight, attempt: Attempt, trouble: Trouble, now: float) -> Ending:
        """The attempt's socket or connection is of no more use."""
        if trouble is Trouble.NO_SOCKET:
            self._attempts.close(flight, attempt)
            return None if flight.attempts else FailureKind.OVERLOAD
        self._count("upstream_unreachable")
        attempt.upstream.failed(None, now)
        self._bar(flight, attempt.upstream)
        return self.advance(flight, now)

    def time_out(self, flight: Flight, attempt: Attempt, now: float) -> Ending:
        """The try is over. A datagram may still come and is listened for; a connection or probe is given up."""
        self._count("upstream_timeouts")
        attempt.upstream.failed(now - attempt.started, now)
        attempt.late = True
        if attempt.transport is Transport.STREAM or not flight.listed:
            flight.silent = True
            self._attempts.close(flight, attempt)
        return self.advance(flight, now)

    def _choose(self, flight: Flight) -> Upstream | None:
        if not flight.listed or flight.queries >= MAX_QUERIES:
            return None
        return self._pool.choose(self._dice, flight.tries, flight.barred)

    def _note(self, attempt: Attempt, outcome: Outcome, now: float) -> None:
        """Remember what the message says about the upstream."""
        if outcome.discarded:
            self._count(outcome.discarded)
        if outcome.heard:
            over_udp = attempt.transport is Transport.DATAGRAM
            attempt.upstream.answered(now - attempt.started if over_udp else None)
        if outcome.case_lost:
            attempt.upstream.lost_case(now)
        if outcome.step is Step.DONE and attempt.edns_refused:
            attempt.upstream.lost_edns(now)

    def _act(self, flight: Flight, attempt: Attempt, outcome: Outcome, now: float) -> Ending:
        match outcome.step:
            case Step.WAIT:
                return None
            case Step.DONE:
                return outcome.answer
            case Step.STREAM:
                return self._repeat(flight, attempt, Transport.STREAM, now, plain=attempt.edns_refused)
            case Step.PLAIN:
                return self._repeat(flight, attempt, attempt.transport, now, plain=True)
            case Step.NEXT:
                self._count("upstream_errors")
                flight.ede = flight.ede or outcome.ede
                self._bar(flight, attempt.upstream)
                return self.advance(flight, now)

    def _repeat(
        self, flight: Flight, attempt: Attempt, transport: Transport, now: float, *, plain: bool
    ) -> Ending:
        """Replace the attempt by another to the same upstream."""
        self._attempts.close(flight, attempt)
        if flight.queries >= MAX_QUERIES:
            return self.advance(flight, now)
        self._attempts.open(flight, attempt.upstream, now, transport, plain=plain)
        return None

    def _bar(self, flight: Flight, upstream: Upstream) -> None:
        """Ask this upstream no more in this flight, and await nothing from it."""
        flight.heard = True
        flight.barred.add(upstream.endpoint)
        for attempt in list(flight.attempts.values()):
            if attempt.upstream is upstream:
                self._attempts.close(flight, attempt)
