"""The parts of Weir that can run apart."""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """The words of ``weir serve --only``."""

    RESOLVER = "resolver"
    GATEWAY = "gateway"
    ADMIN = "admin"
