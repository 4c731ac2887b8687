"""Looks requests up in an index: which lists name this URL, or by its digest this name. Immutable, safe to share.

The file is treated as hostile: sizes must add up, the checksum must fit, and the number of a list is bounded where it
is read. The checksum finds damage, not forgery.
"""

from __future__ import annotations

import hashlib
import mmap
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from blocklists.canonical import CanonicalUrl
from blocklists.urls.layout import HEADER, MAGIC, NO_CHECKSUM, NUMBER_BYTES, VERSION
from blocklists.urls.notes import Notes, decode
from blocklists.urls.records import (
    OF_NAMES,
    RECORD_BYTES,
    Reach,
    Sought,
    candidates,
    name_candidates,
    record,
    record_key,
)

LARGEST = 1 << 34
"""Bytes; nearly a thousand million records. What claims to be larger is not mapped."""


class UrlIndexError(ValueError):
    """The file is no index, or it is damaged; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A list names what was asked for, and how."""

    list_id: str
    reach: Reach


class UrlIndex:
    """One index, or none: the empty one names nothing."""

    def __init__(self, data: bytes | mmap.mmap = b"", index_key: bytes | None = None) -> None:
        """``data`` is a whole file (``open`` maps one). ValueError, saying what, if it is damaged.

        Without the box's index key records of secret lists are never found.
        """
        self._data = data
        self._notes, self._key = Notes(), b""
        self._secret_key = None if index_key is None else record_key(index_key)
        self._open = self._secret = _Table(data, 0, 0)
        if data:
            self._read()
        self._names = _of_names(self._notes.open)
        self._secret_names = _of_names(self._notes.secret)

    @staticmethod
    def open(path: Path, index_key: bytes | None = None) -> UrlIndex:
        """Map a file and check all of it. UrlIndexError; OSError as from open(2)."""
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if not HEADER.size <= size <= LARGEST:
                raise UrlIndexError(f"{path}: {size} bytes are no index of URLs; compile the lists again")
            data = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
        try:
            return UrlIndex(data, index_key)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UrlIndexError(f"{path}: the index of URLs is damaged; compile the lists again") from error

    @property
    def edition(self) -> str:
        """Another text whenever lists name other hosts by digest than before; empty if none does."""
        return self._notes.edition

    @property
    def names_hosts(self) -> bool:
        """Whether ``find_name`` can find anything at all."""
        return bool(self._names or (self._secret_names and self._secret_key))

    def __len__(self) -> int:
        """Records of all lists."""
        return self._open.count + self._secret.count

    def find(self, url: CanonicalUrl, *, secret: bool = False) -> tuple[Hit, ...]:
        """The lists that name the URL, by number; those of secret lists only if asked for, and with the index key."""
        return self._find(
            self._notes.open, self._notes.secret if secret else (), lambda kind: candidates(url, kind)
        )

    def find_name(self, name: str) -> tuple[Hit, ...]:
        """The lists, secret ones too, that name a canonical host or a parent of it by digest."""
        return self._find(self._names, self._secret_names, lambda kind: name_candidates(name, kind))

    def _find(
        self,
        open_: Iterable[Sought],
        secret: Iterable[Sought],
        contents: Callable[[Sought], Iterator[bytes]],
    ) -> tuple[Hit, ...]:
        found = set(_hits(self._open, self._key, open_, contents))
        if self._secret_key is not None:
            found.update(_hits(self._secret, self._secret_key, secret, contents))
        return tuple(Hit(self._notes.lists[number], reach) for number, reach in sorted(found))

    def _read(self) -> None:
        data = self._data
        magic, version, notes, open_, secret, key, checksum = HEADER.unpack_from(data)
        first = HEADER.size + notes
        second = first + open_ * _Table.ROW
        if magic != MAGIC or version != VERSION or second + secret * _Table.ROW != len(data):
            raise ValueError("head and size do not fit")
        head = HEADER.pack(magic, version, notes, open_, secret, key, NO_CHECKSUM)
        hasher = hashlib.sha256(head)
        with memoryview(data) as view, view[HEADER.size :] as rest:
            hasher.update(rest)
        if hasher.digest() != checksum:
            raise ValueError("the checksum does not fit")
        self._key = key
        self._notes = decode(data[HEADER.size : first])
        lists = len(self._notes.lists)
        self._open, self._secret = _Table(data, first, open_, lists), _Table(data, second, secret, lists)


def _of_names(kinds: Iterable[Sought]) -> tuple[Sought, ...]:
    return tuple(kind for kind in kinds if kind.reach in OF_NAMES)


def _hits(
    table: _Table, key: bytes, kinds: Iterable[Sought], contents: Callable[[Sought], Iterator[bytes]]
) -> Iterator[tuple[int, Reach]]:
    for kind in kinds:
        for content in contents(kind):
            for number in table.find(record(key, kind, content)):
                yield number, kind.reach


class _Table:
    """Sorted records at a place of the file, and behind them the number of each one's list."""

    ROW = RECORD_BYTES + NUMBER_BYTES

    def __init__(self, data: bytes | mmap.mmap, start: int, count: int, lists: int = 0) -> None:
        self._data, self._start, self.count, self._lists = data, start, count, lists

    def find(self, wanted: bytes) -> Iterator[int]:
        """The numbers of the lists that have this record."""
        place = bisect_left(range(self.count), wanted, key=self._record)
        while place < self.count and self._record(place) == wanted:
            at = self._start + self.count * RECORD_BYTES + place * NUMBER_BYTES
            number = int.from_bytes(self._data[at : at + NUMBER_BYTES], "little")
            if number < self._lists:
                yield number
            place += 1

    def _record(self, place: int) -> bytes:
        at = self._start + place * RECORD_BYTES
        return self._data[at : at + RECORD_BYTES]
