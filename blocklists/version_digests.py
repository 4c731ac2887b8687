"""What the public log says of a list's versions, and where it is remembered: digests and commitments, never a text.

What opens the commitments lies with the texts (``texts.Texts.write_opening``) and is erased with them. One record for each
list, ``digests.json`` in its folder; whatever is missing or damaged there is worked out again from texts and openings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from blocklists.durable import read_record, write_record

FILE = "digests.json"
OPENING_BYTES = 32
MOST_OPENINGS = 16
"""Of one version: a list that goes back and forth for longer cannot have its oldest commitments opened."""
_COMMITMENT = b"\5"
"""The domain of private commitments in the log (``resolver.tlog.commitments``)."""


@dataclass(frozen=True, slots=True)
class VersionDigest:
    """One version as the log knows it. Hashes are lower-case hexadecimal."""

    version: str
    """The digest by which the version is known on this box."""
    reading: str
    """Of all that decides how its bytes are read: another reading may give another text."""
    entries: int
    """Lines of the canonical text."""
    text: str
    """Of the canonical text: SHA-256 of a public list, the commitment of another."""
    feed: str
    """The commitment to the bytes that the source sent (unpacked), which its publisher can recompute."""


@dataclass(frozen=True, slots=True)
class Openings:
    """The random bytes behind a version's commitments; ``text`` is of no use for a public list."""

    text: bytes
    feed: bytes

    @staticmethod
    def all_unpacked(data: bytes | None) -> tuple[Openings, ...]:
        """From what was kept: the newest, then those of the times before that the list had this version; empty if that is
        nothing of the kind.
        """
        size = 2 * OPENING_BYTES
        if data is None or len(data) % size or len(data) > MOST_OPENINGS * size:
            return ()
        pairs = (data[start : start + size] for start in range(0, len(data), size))
        return tuple(Openings(pair[:OPENING_BYTES], pair[OPENING_BYTES:]) for pair in pairs)

    @staticmethod
    def unpacked(data: bytes | None) -> Openings | None:
        """The newest of what was kept; None if that is nothing of the kind."""
        return next(iter(Openings.all_unpacked(data)), None)

    def packed(self) -> bytes:
        """As it is kept."""
        return self.text + self.feed


def committed(opening: bytes, data: bytes) -> str:
    """SHA-256(0x05 ‖ opening ‖ data), hexadecimal, without copying the data."""
    digest = hashlib.sha256(_COMMITMENT + opening)
    digest.update(data)
    return digest.hexdigest()


_codec: TypeAdapter[tuple[VersionDigest, ...]] = TypeAdapter(tuple[VersionDigest, ...])


class VersionDigests:
    """The records of all lists. One writer for each list at a time."""

    def __init__(self, directory: Path) -> None:
        """``directory`` is the folder of all lists; nothing is created before the first write."""
        self._directory = directory

    def find(self, list_id: str, version: str) -> VersionDigest | None:
        """What was worked out of a version last; None if nothing was, or the record is damaged."""
        known = read_record(self._directory / list_id / FILE, _codec) or ()
        return next((one for one in known if one.version == version), None)

    def put(self, list_id: str, digest: VersionDigest, kept: Collection[str]) -> None:
        """Remember it, and forget versions that are not among ``kept``. OSError leaves the record before."""
        path = self._directory / list_id / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        known = read_record(path, _codec) or ()
        others = [one for one in known if one.version in kept and one.version != digest.version]
        write_record(path, _codec, (digest, *others))

    def drop(self, list_id: str, version: str) -> None:
        """Forget what was worked out of a version. OSError leaves the record as it was."""
        path = self._directory / list_id / FILE
        known = read_record(path, _codec) or ()
        if any(one.version == version for one in known):
            write_record(path, _codec, tuple(one for one in known if one.version != version))
