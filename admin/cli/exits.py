"""Exit statuses of ``weir`` (DESIGN.md section 7): stable, scripts rely on them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a verb's end means."""

    DONE = 0
    FAILED = 1
    """The thing asked about failed or is blocked."""
    USAGE = 2
    """The command or the configuration cannot be understood."""
    UNKNOWN = 3
    """The question cannot be answered now."""
