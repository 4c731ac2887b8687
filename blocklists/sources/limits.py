"""What a server may take of our time. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, but for counts and bytes."""

    total: float = 600.0
    """From the first question to the last byte of list and signature: 256 MiB at half a megabyte a second."""
    connect: float = 15.0
    answer: float = 30.0
    """Until the head of an answer is whole; a proxy, name look-up and TLS included."""
    silence: float = 30.0
    """Between two pieces of a body."""
    window: float = 30.0
    least: int = 30 * 1024
    """Bytes that every ``window`` must bring: a server that drips holds up the other lists of its authority."""
    resumes: int = 5
    """Times that a transfer which was cut is continued."""
    pause: float = 1.0
    """Before the first of them; doubled for each further one."""


class Rate:
    """Whether a body keeps coming. Pure: moments are seconds of one clock."""

    def __init__(self, limits: Limits, now: float) -> None:
        """A body begins."""
        self._limits, self._start, self._came = limits, now, 0

    def is_kept(self, size: int, now: float) -> bool:
        """``size`` more bytes came at ``now``; False if the window that ends here brought too little."""
        self._came += size
        if now - self._start < self._limits.window:
            return True
        enough = self._came >= self._limits.least
        self._start, self._came = now, 0
        return enough
