"""Whether the wall clock may be believed where something is forgotten by its word: one that jumped would take years away."""

from __future__ import annotations

from admin.control.clocks import Clocks
from resolver.runtime.logs import get_logger

TRUSTED_AFTER = 3_600.0
"""Seconds for which the wall clock must have gone with the monotonic one before anything is forgotten by its word."""
JUMP = 60.0
"""Seconds by which the two may drift apart; a clock that is kept by NTP stays far below."""

_log = get_logger("weir.control")


class ClockWatch:
    """Follows the two clocks from its beginning on."""

    def __init__(self, clocks: Clocks) -> None:
        """A clock is trusted by nobody at first."""
        self._clocks = clocks
        self._offset, self._steady_since = self._drift(), clocks.monotonic()

    def is_trusted(self) -> bool:
        """Whether the wall clock has not been set for long enough. To be asked now and then: only then it looks."""
        offset, now = self._drift(), self._clocks.monotonic()
        if abs(offset - self._offset) > JUMP:
            _log.warning(
                "the clock was set; nothing is forgotten by it for now", seconds=offset - self._offset
            )
            self._steady_since = now
        self._offset = offset
        return now - self._steady_since >= TRUSTED_AFTER

    def _drift(self) -> float:
        return self._clocks.unix() - self._clocks.monotonic()
