"""The gateway's counters: numbers only, in a page that control reads (``resolver.runtime.counters``)."""

from __future__ import annotations

from pathlib import Path

from gateway.decision import Situation
from resolver.runtime.counters import CounterPage

FILE_NAME = "gateway.counters"

GENERATION = "generation"
STARTED = "started"
CONNECTIONS = "connections"
LOGGED_STATE = "logged_state"
GENERATIONS_REFUSED = "generations_refused"
ERRORS = "errors"
MALFORMED = "malformed"
TIMEOUTS = "timeouts"
REFUSED_TOTAL = "refused_total"
REFUSED_CLIENT = "refused_client"


def page_counter(situation: Situation) -> str:
    """The counter of the pages about one situation."""
    return "pages_" + situation.replace("-", "_")


GAUGES = (GENERATION, STARTED, CONNECTIONS, LOGGED_STATE, GENERATIONS_REFUSED)
"""Generation in force, start (Unix seconds), connections open now, and as in ``resolver.counting.PROOF_GAUGES``."""

NAMES = (
    *GAUGES,
    ERRORS,
    MALFORMED,
    TIMEOUTS,
    REFUSED_TOTAL,
    REFUSED_CLIENT,
    *(page_counter(situation) for situation in Situation),
)


class Counters:
    """The writer's side, by name."""

    def __init__(self, run: Path) -> None:
        """Create or replace the page in the run folder. OSError as from open(2)."""
        self._page = CounterPage(run / FILE_NAME, NAMES)
        self._slots = {name: self._page.slot(name) for name in NAMES}

    @property
    def error(self) -> OSError | None:
        """Why nobody else can read these counters, if so."""
        return self._page.error

    def add(self, name: str) -> None:
        """Count one."""
        self._page.add(self._slots[name])

    def set(self, name: str, value: int) -> None:
        """Set a gauge."""
        self._page.set(self._slots[name], value)
