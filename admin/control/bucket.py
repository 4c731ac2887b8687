"""A bound on how often something happens. Pure: the time is an argument."""

from __future__ import annotations


class Bucket:
    """Lets ``rate`` things a second happen on average, ``burst`` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        """Full at first."""
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, 0.0

    def take(self, now: float) -> bool:
        """Whether one more may happen at ``now``, in seconds of any clock that never goes back."""
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = max(self._at, now)
        if self._left < 1:
            return False
        self._left -= 1
        return True
