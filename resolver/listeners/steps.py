"""The core's word on packets that it handed over: its pipeline once more, from the event loop.

The core object is the loop's own, without counters and limiter: the serving thread has counted and limited already.
"""

from __future__ import annotations

from collections.abc import Callable

from resolver.core.native import HANDED_OVER, Core, State
from resolver.exchange.model import Question


class CoreSteps:
    """Steps under the state in force. ``monotonic`` and ``clock`` (Unix time) give seconds."""

    def __init__(
        self, state: State, core: Core, *, monotonic: Callable[[], float], clock: Callable[[], float]
    ) -> None:
        """``core`` has the cache in use, no counters and no limiter."""
        self._state = state
        self._core = core
        self._monotonic = monotonic
        self._clock = clock

    def use(self, state: State, core: Core) -> None:
        """Step under this state from now on, with another core where the cache has changed."""
        self._state, self._core = state, core

    def step(self, packet: bytes, client: bytes) -> bytes | Question | None:
        """The answer, the question that the cache lacks an answer to, or None: it is for the pipeline to decide."""
        found = self._core.step(
            self._state,
            packet,
            client,
            now_ms=int(self._monotonic() * 1000),
            unix_ms=int(self._clock() * 1000),
        )
        if found is HANDED_OVER:
            return None
        return Question(*found) if isinstance(found, tuple) else found
