"""The names above stops: what is listed at one of them, and below it, is worked out at the stop by compiling alone.

Kept as keyed digests beside what was compiled: nobody needs to read them, only to ask for one name. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from blocklists.guard import parents

MOST = 50_000
"""More are not kept: the record of them is written with every change of a list."""
_SIZE = 8


@dataclass(frozen=True, slots=True)
class AboveStops:
    """Some names of the public table. Two of them pass for one another once in 2^64 / 50,000."""

    salt: str
    digests: frozenset[str]

    @staticmethod
    def of(stops: Iterable[str], salt: str) -> AboveStops | None:
        """The names above these; None if they are too many to keep. ``salt`` is random hexadecimal digits."""
        above = {parent for name in stops for parent in parents(name)}
        return (
            AboveStops(salt, frozenset(_digest(name, salt) for name in above)) if len(above) <= MOST else None
        )

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _digest(name, self.salt) in self.digests


def _digest(name: str, salt: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=_SIZE, key=bytes.fromhex(salt)).hexdigest()
