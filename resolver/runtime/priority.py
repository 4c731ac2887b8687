"""How this process stands against others that want the same processor. Nothing here raises a priority."""

from __future__ import annotations

import os


def give_way(niceness: int) -> None:
    """Let processes of less ``niceness`` (0 to 19) go first; one that is nicer already stays so."""
    os.nice(max(0, niceness - os.nice(0)))
