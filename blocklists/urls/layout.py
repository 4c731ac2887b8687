"""The index file, and its one writer. The file appears whole under its name or not at all.

Little-endian. A header, notes in JSON (``notes``), then two tables: that of all lists that are not secret, and that of
those that are, whose records nobody finds without the box's index key. A table is its records in ascending order, 16
bytes each, then for each of them the number of its list in 2 bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path

from blocklists.durable import write_file
from blocklists.urls.collecting import UrlRecords
from blocklists.urls.notes import encode
from blocklists.urls.records import record_key

MAGIC = b"weirurls"
VERSION = 1
MAX_LISTS = 1 << 16
NUMBER_BYTES = 2
HEADER = struct.Struct("<8sIIQQ32s32s")
"""Magic, version, bytes of the notes, records in the open and in the secret table, key of the build, SHA-256 of the
whole file with zeros here."""
NO_CHECKSUM = bytes(32)

_Table = list[tuple[bytes, int]]


def write_index(path: Path, table_key: bytes, lists: Sequence[UrlRecords]) -> int:
    """Write the index of all lists, by their number in the configuration; returns its bytes.

    ``table_key`` is that of the compiled table, under which the lists that are not secret were read. OSError (disk
    full, …) leaves what was there; ValueError for more than MAX_LISTS.
    """
    if len(lists) > MAX_LISTS:
        raise ValueError(f"{len(lists)} lists; an index takes {MAX_LISTS}")
    notes = encode(lists)
    open_, secret = (
        [(made, number) for number, one in enumerate(lists) if one.is_secret is wanted for made in one]
        for wanted in (False, True)
    )
    body = b"".join((notes, _packed(open_), _packed(secret)))
    head = (MAGIC, VERSION, len(notes), len(open_), len(secret), record_key(table_key))
    checksum = hashlib.sha256(HEADER.pack(*head, NO_CHECKSUM) + body).digest()
    data = HEADER.pack(*head, checksum) + body
    write_file(path, data)
    return len(data)


def _packed(table: _Table) -> bytes:
    table.sort()
    records = b"".join(made for made, _ in table)
    return records + b"".join(number.to_bytes(NUMBER_BYTES, "little") for _, number in table)
