"""How far a fetch has come, for whoever waits for it. Numbers only, never an address: a list's may hold a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What a fetch is doing."""

    WAITING = "waiting"
    """It is another list's turn: of the same authority or server, or too many are fetched already."""
    ASKING = "asking"
    """The server was asked and has not answered yet."""
    RECEIVING = "receiving"
    VERIFYING = "verifying"
    """Its signature is fetched and checked."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the fetch of one list stands. Bytes are counted as they travel, which may be packed; of a secret list none."""

    list_id: str
    phase: Phase
    received: int = 0
    total: int | None = None
    """None: the source does not say."""


Report = Callable[[Progress], None]
"""Told of every step; must return at once."""


def untold(_progress: Progress) -> None:
    """For fetches that nobody watches."""
