"""The life of one child process as a state machine. Rule 1: no process, signal or clock is touched here.

Events come in as method calls with the time in monotonic seconds; what must be done comes out as commands.

::

    IDLE --start--> STARTING --READY=1--> READY
                       |                    |
                       +------ exited ------+--> WAITING --due--> STARTING …
    any --stop--> STOPPING --exited--> GONE
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

FIRST_DELAY = 0.1
"""Seconds before the first restart; doubled for each further failure. A stray crash must hardly be felt."""
LONGEST_DELAY = 30.0
"""Seconds between restarts at most, so that a mended fault is noticed within half a minute."""
HEALTHY_AFTER = 60.0
"""Seconds of readiness after which earlier failures are forgotten."""
START_LIMIT = 60.0
"""Seconds that a child may take to its first message."""
WATCHDOG = 20.0
"""Seconds of silence after which a child counts as hung; children speak every half of it."""
STOP_LIMIT = 5.0
"""Seconds between SIGTERM and SIGKILL."""
REFUSAL = 2
"""The exit status of a process that cannot use its configuration; to start it again would change nothing."""


class Phase(StrEnum):
    """Where a child is in its life."""

    IDLE = "idle"
    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"
    STOPPING = "stopping"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start the process now; then call ``started`` or ``could_not_start``."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Send the signal to the process."""

    number: signal.Signals


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the operator in one line."""

    text: str


Command = Spawn | Kill | Say


class Child:
    """One child under one name. ``restarts`` counts its unplanned ends, ``status`` is what it last said of itself."""

    def __init__(self, name: str, *, judges: bool = False) -> None:
        """A child that has not been started. ``judges``: it may refuse the configuration at its first start."""
        self.name = name
        self.phase = Phase.IDLE
        self.restarts = 0
        self.status = ""
        self.ended, self.ended_at = "", 0.0
        """How it ended last when nobody had asked it to, and when (monotonic seconds)."""
        self._failures = 0
        self._deadline: float | None = None
        self._ready_since: float | None = None
        self._heard = False
        self._judges = judges
        self.refused = False
        """Whether it ended for good, because it cannot use the configuration with which all of this was started."""

    @property
    def deadline(self) -> float | None:
        """When ``tick`` must be called at the latest; None while only events matter."""
        return self._deadline

    def start(self) -> list[Command]:
        """It is wanted."""
        return [Spawn()]

    def started(self, now: float) -> None:
        """The process runs."""
        self.phase = Phase.STARTING
        self._heard = False
        self._ready_since = None
        self._deadline = now + START_LIMIT

    def could_not_start(self, why: str, now: float) -> list[Command]:
        """The process could not be made; counts as a failure."""
        return self._failed(f"could not be started: {why}", now)

    def notified(self, fields: Mapping[str, str], now: float) -> None:
        """It sent a message in the manner of sd_notify(3)."""
        self.status = fields.get("STATUS", self.status)
        if self.phase not in (Phase.STARTING, Phase.READY):
            return
        self._heard = True
        self._deadline = now + WATCHDOG
        if fields.get("READY") == "1" and self.phase is Phase.STARTING:
            self.phase = Phase.READY
            self._ready_since = now
            self._judges = False  # what it could use once is not to end us

    def exited(self, code: int, now: float) -> list[Command]:
        """It ended: with status ``code``, or by signal ``-code``."""
        if self.phase is Phase.STOPPING:
            self.phase = Phase.GONE
            self._deadline = None
            return []
        if self._judges and code == REFUSAL:
            self.phase = Phase.GONE
            self.refused = True
            self._deadline = None
            return []
        if self._ready_since is not None and now - self._ready_since >= HEALTHY_AFTER:
            self._failures = 0
        return self._failed(describe_end(code), now)

    def tick(self, now: float) -> list[Command]:
        """Time has passed: restart it, or kill it for its silence or slowness, if that is due."""
        if self._deadline is None or now < self._deadline:
            return []
        self._deadline = None
        if self.phase is Phase.WAITING:
            return [Spawn()]
        if self.phase is Phase.STOPPING:
            return [Say(f"{self.name} did not stop within {STOP_LIMIT:g} s: killed"), Kill(signal.SIGKILL)]
        silence = WATCHDOG if self._heard else START_LIMIT
        return [Say(f"{self.name} was silent for {silence:g} s: killed"), Kill(signal.SIGKILL)]

    def excuse(self, away: float) -> None:
        """The supervisor itself has not run for so many seconds; nobody's silence or slowness was meant by it."""
        if self._deadline is not None and self.phase in (Phase.STARTING, Phase.READY, Phase.STOPPING):
            self._deadline += away

    def stop(self, now: float) -> list[Command]:
        """It is no longer wanted. Asking again changes nothing."""
        if self.phase in (Phase.STARTING, Phase.READY):
            self.phase = Phase.STOPPING
            self._deadline = now + STOP_LIMIT
            return [Kill(signal.SIGTERM)]
        if self.phase is not Phase.STOPPING:
            self.phase = Phase.GONE
            self._deadline = None
        return []

    def hurry(self) -> list[Command]:
        """It is to stop at once."""
        return [Kill(signal.SIGKILL)] if self.phase is Phase.STOPPING else []

    def _failed(self, what: str, now: float) -> list[Command]:
        delay = min(FIRST_DELAY * 2.0**self._failures, LONGEST_DELAY)
        self._failures = min(self._failures + 1, 16)  # enough to reach LONGEST_DELAY, small enough for 2.0**n
        self.restarts += 1
        self.ended, self.ended_at = what, now
        self.phase = Phase.WAITING
        self._deadline = now + delay
        return [Say(f"{self.name} {what}; starting it again in {delay:.1f} s")]


def describe_end(code: int) -> str:
    """How a process ended, in words; ``code`` as subprocess gives it (negative: a signal)."""
    if code >= 0:
        return f"ended with status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "signal"
    return f"was killed by {name} ({-code})"
