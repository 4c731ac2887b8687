"""The kernel's randomness, drawn in blocks: a system call per question and letter would cost more than the question."""

from __future__ import annotations

import os

BLOCK = 4_096
"""Octets drawn at once."""


class SystemDice:
    """Every bit is the kernel's (getrandom) and is used once."""

    def __init__(self) -> None:
        """Nothing is drawn yet."""
        self._block = b""
        self._used = 0

    def getrandbits(self, bits: int, /) -> int:
        """A number of that many random bits."""
        length = (bits + 7) // 8
        return int.from_bytes(self._take(length), "big") >> (-bits & 7)

    def random(self) -> float:
        """A number from 0 up to, not including, 1: the 53 bits that a float can hold."""
        return (int.from_bytes(self._take(7), "big") >> 3) * 2.0**-53

    def _take(self, length: int) -> bytes:
        end = self._used + length
        if end > len(self._block):
            self._block = os.urandom(max(BLOCK, length))
            self._used, end = 0, length
        taken = self._block[self._used : end]
        self._used = end
        return taken
