"""The clocks that control lives by, so that a test can move them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clocks:
    """``unix`` for what is written down, ``monotonic`` for waiting and for ages; both in seconds."""

    unix: Callable[[], float]
    monotonic: Callable[[], float]
