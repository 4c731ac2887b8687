"""Which boot of the machine this is: what was written in another one may have been cut short by a power failure."""

from __future__ import annotations

from functools import cache
from pathlib import Path

BOOT_BYTES = 16

_SOURCE = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> bytes:
    """The kernel's number of this boot, 16 bytes; empty where it cannot be read, as in some containers."""
    try:
        return bytes.fromhex(_SOURCE.read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return b""
