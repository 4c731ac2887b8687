"""How many clients walk through the secret lists: a keyed sketch in memory, of which only two numbers leave.

Never here, nor in anything that is written: an address, a name, a list. The key is random, new every day, and forgotten
with its day. The sketch is a worker's own: a client whose questions several workers answer counts at each by what that
one has seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from ipaddress import ip_address
from secrets import token_bytes

from resolver.answer.decision import Spoken
from resolver.answer.generation import Generation
from resolver.core.native import SKETCH_BITS, SKETCH_KEY_BYTES, Sketch
from resolver.counting import SCAN_GAUGES
from resolver.policy.model import ReasonKind

ALIKE = {ReasonKind.ILLEGAL_VOLUNTARY, ReasonKind.ILLEGAL_ORDER, ReasonKind.SECURITY}
"""The reasons of blocks that secret lists cause; a hit of another list with one of them costs the same."""


class ScanWatch:
    """One worker's sketch. ``random`` gives so many random octets."""

    def __init__(self, random: Callable[[int], bytes] = token_bytes) -> None:
        """An empty one."""
        self._random = random
        self.sketch = Sketch(random(SKETCH_KEY_BYTES))
        """For the cores of this worker."""
        self._day: int | None = None
        self._watched = self._threshold = 0

    def use(self, generation: Generation) -> None:
        """Decisions are made under this generation from now on. What was seen is forgotten when it is switched off."""
        threshold = generation.view.tables.resolver.secret_scan
        if self._threshold and not threshold:
            self._renew()
        self._watched, self._threshold = generation.watched, threshold

    def tidy(self, day: int, gauge: Callable[[str, int], None]) -> None:
        """Set the two gauges. Another day of Unix time has another key, and nobody is known any more."""
        if self._day is not None and day != self._day:
            self._renew()
        self._day = day
        for name, value in zip(SCAN_GAUGES, (self.clients, self.sketch.displaced), strict=True):
            gauge(name, value)

    def spoken(self, spoken: Spoken) -> None:
        """Note a block by a secret list that Python has answered."""
        if spoken.blocked is None:
            return
        bit, kind = spoken.blocked
        if kind in ALIKE:
            client = ip_address(spoken.client.partition("%")[0]).packed
            self.sketch.note(client, spoken.query.name, secret=bool(self._watched >> bit & 1))

    @property
    def clients(self) -> int:
        """Clients that are over the threshold today."""
        return self.sketch.over(bits_for(self._threshold)) if self._threshold else 0

    def _renew(self) -> None:
        self.sketch.renew(self._random(SKETCH_KEY_BYTES))


def bits_for(names: int) -> int:
    """How many bits so many distinct names set, most likely (linear counting: Whang, Vander-Zanden, Taylor, 1990)."""
    return max(1, round(SKETCH_BITS * -math.expm1(-names / SKETCH_BITS)))
