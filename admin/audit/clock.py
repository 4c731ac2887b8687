"""May the log believe the clock? Pure. A leaf's time is never taken back, so a clock that is wrong is not written down."""

from __future__ import annotations

from admin.audit.doubt import ANOTHER_LOG, DoubtError, LogStoppedError

EARLIEST = 1_767_225_600
"""2026-01-01: nothing of Weir ran before. A box whose clock was never set says 1970 or the day of its image."""
JITTER = 2
"""Seconds that a clock may step back while it is being kept: the leaf before has said this second already."""
LONGEST_GAP = 31 * 86_400
"""Seconds between two leaves that nobody has to confirm: a box that was off over a summer's holidays. A clock that
runs years ahead for an hour would otherwise stop the log for years."""
LONGEST_WAIT = 3_600
"""Seconds for which waiting alone is a remedy: what is decided about lists and profiles waits too."""


def leaf_time(now: float, last: int, *, confirmed: bool = False) -> int:
    """``t`` for a leaf at ``now`` behind one of ``last`` (0: there is none); both are POSIX seconds.

    LogStoppedError: the clock lies behind and will come along. DoubtError: it is not set, or ran far ahead and nobody has
    confirmed it.
    """
    second = int(now)
    if second < EARLIEST:
        raise DoubtError("the clock of this box is not set; set it (NTP), the log goes on by itself")
    if second < last - JITTER:
        way_out = f", or {ANOTHER_LOG}" if last - second > LONGEST_WAIT else ""
        raise LogStoppedError(
            f"the clock is {last - second} seconds behind the last leaf of the public log; set it right, or wait: the log "
            f"goes on when it has come along{way_out}"
        )
    if last and second > last + LONGEST_GAP and not confirmed:
        raise DoubtError(
            f"the clock is {(second - last) // 86_400} days ahead of the last leaf of the public log; if it is right (the box "
            "was off), say so: weir audit confirm-clock --reason WHY. If not, set it right"
        )
    return max(second, last)
