"""What stands in an index beside its records, as JSON: the lists by number, and what must be looked for in which table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from blocklists.properties import HashAlgorithm
from blocklists.urls.collecting import UrlRecords
from blocklists.urls.records import Reach, Sought


@dataclass(frozen=True, slots=True)
class Notes:
    """``lists`` are ids by number, ``open`` and ``secret`` the kinds of record in either table.

    ``edition`` is another one whenever lists name other hosts by digest; empty if none does.
    """

    lists: tuple[str, ...] = ()
    open: tuple[Sought, ...] = ()
    secret: tuple[Sought, ...] = ()
    edition: str = ""


def encode(lists: Sequence[UrlRecords]) -> bytes:
    """The notes of an index of these lists."""
    notes = {
        "lists": [one.source.id for one in lists],
        "open": _kinds(one for one in lists if not one.is_secret),
        "secret": _kinds(one for one in lists if one.is_secret),
        "edition": _edition(lists),
    }
    return json.dumps(notes, separators=(",", ":")).encode()


def decode(data: bytes) -> Notes:
    """Read notes. ValueError, KeyError, TypeError or AttributeError if they are not what ``encode`` writes."""
    notes = json.loads(data)
    return Notes(
        tuple(map(str, notes["lists"])),
        _sought(notes["open"]),
        _sought(notes["secret"]),
        str(notes["edition"]),
    )


def _edition(lists: Sequence[UrlRecords]) -> str:
    """What a secret list names cannot be proved by it: its sum is one of records under the key of the box."""
    named = sorted((one.source.id, one.names) for one in lists if one.names)
    return hashlib.blake2b(repr(named).encode(), digest_size=8).hexdigest() if named else ""


def _kinds(lists: Iterable[UrlRecords]) -> list[list[int | str]]:
    kinds = {kind for one in lists for kind in one.kinds}
    return sorted([int(kind.reach), kind.algorithm or "", kind.depth] for kind in kinds)


def _sought(kinds: Iterable[tuple[int, str, int]]) -> tuple[Sought, ...]:
    return tuple(
        Sought(Reach(reach), HashAlgorithm(algorithm) if algorithm else None, int(depth))
        for reach, algorithm, depth in kinds
    )
