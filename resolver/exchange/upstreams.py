"""The upstreams: what is known of each, and which one gets the next try.

Health: FAILURES_TO_DOWN tries in a row without an answer take an upstream down. It is then left alone for a back-off
that doubles with every failed probe; a probe is one real question, asked beside the try that the client waits for. Any
answer brings it back. When all are down, the one with the fewest tries is asked all the same: there is nothing to lose.

Choice: fewest tries in this flight, then lowest smoothed round-trip time (RFC 6298 arithmetic). An upstream never heard
from counts as fastest, and now and then chance decides, so that the times stay true.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from resolver.exchange.endpoint import Endpoint, parse_endpoint
from resolver.exchange.query import Dice

FAILURES_TO_DOWN = 3
BACK_OFF_FIRST, BACK_OFF_MAX = 1.0, 30.0
"""Seconds that an upstream which is down is left alone: first, and at most."""
TRY_FIRST, TRY_MIN, TRY_MAX = 0.8, 0.3, 1.5
"""Seconds that a try may take: of an unknown upstream, at least, at most. A try that is over is still listened to."""
TRY_MARGIN = 0.1
"""Seconds beyond the smoothed time at least (RFC 6298 section 2.3, G): an upstream whose times hardly vary must not be
asked twice because this machine or that one was busy for a moment."""
EXPLORE = 1 / 32
"""Share of questions for which chance chooses the upstream."""
CASE_MEMORY = 600.0
EDNS_MEMORY = 300.0
"""Seconds for which it is remembered that an upstream changes the name's case, or does not know EDNS."""


@dataclass(frozen=True, slots=True)
class UpstreamState:
    """One upstream as metrics show it; ``rtt`` is seconds, None if it has never answered."""

    address: str
    healthy: bool
    rtt: float | None
    failures: int


class Upstream:
    """What is known of one upstream. Owned by the pool; an attempt keeps it for as long as it lasts."""

    __slots__ = (
        "_back_off",
        "_case_lost_until",
        "_edns_lost_until",
        "_retry_at",
        "_variance",
        "endpoint",
        "failures",
        "rtt",
    )

    def __init__(self, endpoint: Endpoint) -> None:
        """Never heard from, taken to be healthy."""
        self.endpoint = endpoint
        self.rtt: float | None = None
        self.failures = 0
        self._variance = 0.0
        self._back_off = 0.0
        self._retry_at = 0.0
        self._case_lost_until = float("-inf")
        self._edns_lost_until = float("-inf")

    @property
    def healthy(self) -> bool:
        """Whether it is not down."""
        return self.failures < FAILURES_TO_DOWN

    def is_probe_due(self, now: float) -> bool:
        """Whether it is down and has been left alone for long enough."""
        return not self.healthy and now >= self._retry_at

    def try_timeout(self, tries: int) -> float:
        """Seconds to wait for an answer after ``tries`` earlier tries of the same question here."""
        base = TRY_FIRST if self.rtt is None else self.rtt + max(4 * self._variance, TRY_MARGIN)
        return min(max(base, TRY_MIN), TRY_MAX) * (1 << min(tries, 2))

    def answered(self, rtt: float | None) -> None:
        """It answered, whatever it said. ``rtt`` is None where the time says nothing about the path (TCP)."""
        self.failures = 0
        self._back_off = 0.0
        if rtt is not None:
            self._learn(max(rtt, 0.0))

    def failed(self, waited: float | None, now: float) -> None:
        """A try ended without an answer; ``waited`` is None if it was refused at once, which says nothing of speed."""
        if waited is not None:
            self._learn(max(waited, 0.0))
        if not self.healthy and now < self._retry_at:
            return  # tries from before it went down tell nothing new
        self.failures += 1
        if not self.healthy:
            self.postpone_probe(now)

    def postpone_probe(self, now: float) -> None:
        """Leave it alone for the next, longer, back-off."""
        self._back_off = min(max(2 * self._back_off, BACK_OFF_FIRST), BACK_OFF_MAX)
        self._retry_at = now + self._back_off

    def keeps_case(self, now: float) -> bool:
        """Whether it may be asked in mixed case."""
        return now >= self._case_lost_until

    def lost_case(self, now: float) -> None:
        """It was seen to change the case of a name, over TCP where nobody else can have done it."""
        self._case_lost_until = now + CASE_MEMORY

    def knows_edns(self, now: float) -> bool:
        """Whether it may be asked with EDNS."""
        return now >= self._edns_lost_until

    def lost_edns(self, now: float) -> None:
        """It refused a query with EDNS and answered it without."""
        self._edns_lost_until = now + EDNS_MEMORY

    def state(self) -> UpstreamState:
        """A picture for metrics."""
        return UpstreamState(str(self.endpoint), self.healthy, self.rtt, self.failures)

    def _learn(self, sample: float) -> None:
        """RFC 6298 section 2, alpha 1/8 and beta 1/4."""
        if self.rtt is None:
            self.rtt, self._variance = sample, sample / 2
            return
        self._variance += (abs(self.rtt - sample) - self._variance) / 4
        self.rtt += (sample - self.rtt) / 8


class Pool:
    """The upstreams in force. ValueError from the constructor and ``update`` for text that names no endpoint."""

    def __init__(self, addresses: Iterable[str]) -> None:
        """Start with these, in the order of the configuration."""
        self._upstreams: dict[Endpoint, Upstream] = {}
        self.update(addresses)

    def update(self, addresses: Iterable[str]) -> None:
        """Put other upstreams in force; what is known of those that stay is kept."""
        endpoints = [parse_endpoint(address) for address in addresses]
        self._upstreams = {
            endpoint: self._upstreams.get(endpoint) or Upstream(endpoint) for endpoint in endpoints
        }

    def choose(
        self, dice: Dice, tries: Mapping[Endpoint, int], barred: Collection[Endpoint]
    ) -> Upstream | None:
        """The upstream for the next try of a flight that made ``tries``; None if all are barred."""
        if len(self._upstreams) == 1 and not barred:
            return next(iter(self._upstreams.values()))
        open_to_it = [each for each in self._upstreams.values() if each.endpoint not in barred]
        best = [each for each in open_to_it if each.healthy] or open_to_it
        if not best:
            return None
        fewest = min(tries.get(each.endpoint, 0) for each in best)
        best = [each for each in best if tries.get(each.endpoint, 0) == fewest]
        if len(best) > 1 and dice.random() < EXPLORE:
            return best[int(dice.random() * len(best))]
        return min(best, key=lambda each: each.rtt or 0.0)

    @property
    def is_probing(self) -> bool:
        """Whether ``take_probe`` can give one at all: while all serve, nobody looks further."""
        return len(self._upstreams) > 1 and any(
            each.failures >= FAILURES_TO_DOWN for each in self._upstreams.values()
        )

    def take_probe(self, now: float) -> Upstream | None:
        """An upstream that is due to be probed while another serves; its next probe is then postponed."""
        down = [each for each in self._upstreams.values() if each.failures >= FAILURES_TO_DOWN]
        if not down or len(down) == len(self._upstreams):
            return None
        for each in down:
            if each.is_probe_due(now):
                each.postpone_probe(now)
                return each
        return None

    def states(self) -> tuple[UpstreamState, ...]:
        """A picture of all for metrics, in the order of the configuration."""
        return tuple(each.state() for each in self._upstreams.values())
