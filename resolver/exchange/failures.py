"""Questions that failed lately: asking again at once would only burden upstreams that are in trouble already.

A failure is remembered for a few seconds (RFC 9520 section 3.2: at least one, at most 300). While a stale answer can be
given instead, the question is not asked again for 30 seconds (RFC 8767 section 5, failure recheck timer).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from resolver.exchange.model import FailureKind, Question

STALE_RECHECK = 30.0
HOLD = {FailureKind.UNREACHABLE: 1.0, FailureKind.NETWORK: 5.0}
"""Seconds. Short for UNREACHABLE: the network's return is to be felt at once."""
MAX_FAILURES = 10_000
"""Failures remembered, the newest; a flood of failing names must not grow memory."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a question ended at the time ``at``."""

    kind: FailureKind
    ede: tuple[tuple[int, bytes], ...]
    at: float


class FailureMemory:
    """The last MAX_FAILURES failures by question."""

    def __init__(self) -> None:
        """Start empty."""
        self._failures: OrderedDict[Question, Failure] = OrderedDict()

    def __len__(self) -> int:
        """Failures remembered, whether they still count or not."""
        return len(self._failures)

    def remember(self, question: Question, failure: Failure) -> None:
        """Note a failure; an overload is none of the question's."""
        if failure.kind not in HOLD:
            return
        self._failures[question] = failure
        self._failures.move_to_end(question)
        if len(self._failures) > MAX_FAILURES:
            self._failures.popitem(last=False)

    def forget(self, question: Question) -> None:
        """It was answered."""
        self._failures.pop(question, None)

    def recent(self, question: Question, now: float, *, stale: bool) -> Failure | None:
        """The failure that still keeps the question from being asked; ``stale``: an older answer can be given."""
        failure = self._failures.get(question)
        if failure is None:
            return None
        if now < failure.at + (STALE_RECHECK if stale else HOLD[failure.kind]):
            return failure
        return None
