"""The index file, and its one writer. The file appears whole under its name or not at all.

Little-endian. A header, notes in JSON (``notes``), then two tables: that of all lists that are not secret, and that of
those that are, whose records nobody finds without the key of the box. A table is its records in ascending order, 16
bytes each, then for each of them the number of its list in 2 bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from blocklists.durable import write_file
from blocklists.urls.collecting import UrlRecords, index_key
from blocklists.urls.notes import encode, is_secret
from blocklists.urls.records import locked

MAGIC = b"weirurls"
VERSION = 1
MAX_LISTS = 1 << 16
NUMBER_BYTES = 2
HEADER = struct.Struct("<8sIIQQ32s32s")
"""Magic, version, bytes of the notes, records in the open and in the secret table, key of the build, SHA-256 of the
whole file with zeros here."""
NO_CHECKSUM = bytes(32)

_Table = list[tuple[bytes, int]]


def write_index(path: Path, build_key: bytes, lists: Sequence[UrlRecords], box_key: bytes) -> int:
    """Write the index of all lists, by their number in the configuration; returns its bytes.

    ``build_key`` is that of the compiled table, ``box_key`` locks the records of secret lists. OSError (disk full, …)
    leaves what was there; ValueError for too many lists, or for a key of zeros: it would lock nothing.
    """
    if len(lists) > MAX_LISTS or not any(box_key):
        raise ValueError("an index needs a key for secret lists that is not zero, and takes 65,536 lists")
    notes = encode(lists, box_key)
    open_ = [(made, number) for number, one in _numbered(lists, secret=False) for made in one]
    secret = [
        (locked(box_key, made), number) for number, one in _numbered(lists, secret=True) for made in one
    ]
    body = b"".join((notes, _packed(open_), _packed(secret)))
    head = (MAGIC, VERSION, len(notes), len(open_), len(secret), index_key(build_key))
    checksum = hashlib.sha256(HEADER.pack(*head, NO_CHECKSUM) + body).digest()
    data = HEADER.pack(*head, checksum) + body
    write_file(path, data)
    return len(data)


def _numbered(lists: Sequence[UrlRecords], *, secret: bool) -> Iterator[tuple[int, UrlRecords]]:
    return ((number, one) for number, one in enumerate(lists) if is_secret(one) is secret)


def _packed(table: _Table) -> bytes:
    table.sort()
    records = b"".join(made for made, _ in table)
    return records + b"".join(number.to_bytes(NUMBER_BYTES, "little") for _, number in table)
