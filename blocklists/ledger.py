"""Since when each entry of a list has been there without a break, and with which version it came.

What is kept are 8-byte keyed digests with times, and only of entries that came after the list was first followed: the
others are as old as the ledger. No name is stored, and there is no ledger of a secret list. The file is written anew
with every version and checksummed; one that is damaged, or whose list changed beyond telling, begins again.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from blocklists.differences import Difference
from blocklists.durable import write_file
from blocklists.model import Entry

KEPT_STEPS = 100
"""Changes of which numbers are kept; entries keep their times longer."""
_DIGEST_BYTES = 8
_CHECKSUM_HEX = 64
_MAGIC = b"weir ledger 1"


@dataclass(frozen=True, slots=True)
class Step:
    """One version: when it was accepted (Unix seconds), and what it changed."""

    at: float
    version: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Since:
    """Since when an entry is listed. ``version`` is empty where that is no longer known."""

    at: float
    version: str
    exact: bool
    """False: the entry was there when the ledger began, so it may be older."""


@dataclass(frozen=True, slots=True)
class Notes:
    """All of a ledger but the digests."""

    began: float
    first: str
    """The version with which it began."""
    version: str
    """The version up to which it tells."""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """One list's. ``digests`` ascend; ``times`` are whole Unix seconds beside them."""

    notes: Notes
    digests: array[int] = field(default_factory=lambda: array("Q"), repr=False)
    times: array[int] = field(default_factory=lambda: array("Q"), repr=False)

    @staticmethod
    def begun(version: str, at: float) -> Ledger:
        """A ledger that begins with this version."""
        return Ledger(Notes(at, version, version))

    def since(self, key: bytes, entry: Entry) -> Since:
        """Since when an entry that is in the list is there."""
        digest = entry_digest(key, entry)
        place = bisect_left(self.digests, digest)
        if place == len(self.digests) or self.digests[place] != digest:
            return Since(self.notes.began, self.notes.first, exact=False)
        at = self.times[place]
        step = next((step for step in reversed(self.notes.steps) if int(step.at) == at), None)
        return Since(float(at), step.version if step else "", exact=True)

    def advanced(self, key: bytes, version: str, at: float, changed: Difference) -> Ledger:
        """The ledger once ``version`` was accepted at ``at``."""
        step = Step(at, version, len(changed.added), len(changed.removed))
        notes = replace(self.notes, version=version, steps=(*self.notes.steps, step)[-KEPT_STEPS:])
        came = {entry_digest(key, entry) for entry in changed.added}
        gone = {entry_digest(key, entry) for entry in changed.removed}
        return self._with(notes, came, gone - came, int(at))

    def _with(self, notes: Notes, came: set[int], gone: set[int], at: int) -> Ledger:
        """Copied in whole runs: a million digests of which ten differ are not looked at one by one."""
        digests, times, done = array("Q"), array("Q"), 0
        for digest in sorted(came | gone):
            place = bisect_left(self.digests, digest, done)
            digests += self.digests[done:place]
            times += self.times[done:place]
            if digest in came:
                digests.append(digest)
                times.append(at)
            is_here = place < len(self.digests) and self.digests[place] == digest
            done = place + is_here
        return Ledger(notes, digests + self.digests[done:], times + self.times[done:])


def entry_digest(key: bytes, entry: Entry) -> int:
    """What stands for an entry; two entries have the same once in 2^64 pairs."""
    text = f"{entry.scope}\0{entry.action}\0{entry.name}".encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(text, key=key, digest_size=_DIGEST_BYTES).digest(), "little")


def write_ledger(path: Path, ledger: Ledger) -> None:
    """Write it durably. OSError leaves the one before."""
    body = b"\n".join(
        (_MAGIC, _notes.dump_json(ledger.notes), _packed(ledger.digests) + _packed(ledger.times))
    )
    write_file(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def read_ledger(path: Path) -> Ledger | None:
    """The ledger in a file; None if there is none, or none that is whole."""
    try:
        checksum, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if len(checksum) != _CHECKSUM_HEX or hashlib.sha256(body).hexdigest().encode() != checksum:
        return None
    parts = body.split(b"\n", 2)
    try:
        magic, notes, numbers = parts
        known = _notes.validate_json(notes)
    except (ValueError, ValidationError):
        return None
    half = len(numbers) // 2
    if magic != _MAGIC or len(numbers) % (2 * _DIGEST_BYTES):
        return None
    return Ledger(known, _unpacked(numbers[:half]), _unpacked(numbers[half:]))


def _packed(numbers: array[int]) -> bytes:
    return _little(numbers).tobytes()


def _unpacked(data: bytes) -> array[int]:
    numbers = array("Q")
    numbers.frombytes(data)
    return _little(numbers)


def _little(numbers: array[int]) -> array[int]:
    """The numbers in the byte order of the file, or back."""
    if sys.byteorder == "little":
        return numbers
    turned = array("Q", numbers)
    turned.byteswap()
    return turned


_notes = TypeAdapter(Notes)
