"""What an operator is told about upstreams: when one goes or comes back, and that replies were thrown away.

Pure: states and counts in, sentences out. Discarded replies are told at most once a minute, with their number by
reason, because whoever forges them may send a million.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from resolver.exchange.counters import COUNTERS
from resolver.exchange.upstreams import UpstreamState

QUIET_SECONDS = 60.0
_PREFIX = "discarded_"
DISCARDS = frozenset(name for name in COUNTERS if name.startswith(_PREFIX))
"""The events of the exchange that ``count`` takes note of; there is no need to tell it of others."""


@dataclass(frozen=True, slots=True)
class Report:
    """One thing to log. ``fields`` are name and value pairs."""

    is_problem: bool
    message: str
    fields: tuple[tuple[str, str], ...]


class UpstreamReports:
    """Remembers what was told last."""

    def __init__(self) -> None:
        self._down: set[str] = set()
        self._discarded: Counter[str] = Counter()
        self._told = float("-inf")

    def count(self, event: str) -> None:
        """Take note of an event of the exchange; only discarded replies matter here."""
        if event in DISCARDS:
            self._discarded[event.removeprefix(_PREFIX)] += 1

    def due(self, states: Iterable[UpstreamState], now: float) -> list[Report]:
        """What is to be told ``now`` (monotonic seconds)."""
        reports = self._changes({state.address: state.healthy for state in states})
        if self._discarded and now - self._told >= QUIET_SECONDS:
            reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(self._discarded.items()))
            message = "replies from upstreams were discarded; somebody forges them, or an upstream is broken"
            reports.append(Report(True, message, (("by_reason", reasons),)))
            self._discarded.clear()
            self._told = now
        return reports

    def _changes(self, healthy: dict[str, bool]) -> list[Report]:
        down = {address for address, is_healthy in healthy.items() if not is_healthy}
        others = "the other upstreams are asked" if len(down) < len(healthy) else "no upstream is left"
        gone = [
            Report(True, f"an upstream does not answer; {others}", (("upstream", address),))
            for address in sorted(down - self._down)
        ]
        back = [
            Report(False, "an upstream answers again", (("upstream", address),))
            for address in sorted((self._down - down) & healthy.keys())
        ]
        self._down = down
        return gone + back
