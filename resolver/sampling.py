"""The file of a worker's sample of queries: made and switched by the worker, read by control.

``core/src/tap.h`` has the layout and the rules of what may be in a record. A reader copies the file twice and takes the
records that are equal in both copies: the core may be writing one of them.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from resolver.core.native import TAP_SIZE, Tap

_MAGIC = b"WEIRTAP1"
_HEAD = struct.Struct("<8sIII")  # magic, octets of a record, number of records, 1 in how many queries
_HEAD_OCTETS = 64
_RECORD = struct.Struct("<QIHBBBBBBB")
_AT_NAME = 22
_NONE = 255
"""An rcode that was not sent, a bit that there is none of."""


class Decided(IntEnum):
    """What became of a query. The last is what Python answered: the core does not know what it decided."""

    ALLOWED = 0
    ILLEGAL_OR_SECURITY = 1
    CATEGORY = 2
    OWN_RULE = 3
    PAUSED = 4
    ALLOW_ONLY = 5
    ELSEWHERE = 6


@dataclass(frozen=True, slots=True)
class SampledQuery:
    """One record. ``rcode`` is None when nothing was sent; ``bit`` is the category's that spoke; ``latency`` the number
    of a bucket (``resolver.counting.LATENCY_BOUNDS``); ``labels`` are the name's last ones, lower case, if it may be told.
    """

    second: int
    qtype: int
    over_tcp: bool
    rcode: int | None
    decided: Decided
    bit: int | None
    latency: int
    labels: tuple[bytes, ...]


class SampleFile:
    """The worker's side: a file that exists as long as this object is not closed, off until ``use``."""

    def __init__(self, path: Path, seed: int) -> None:
        """``seed`` is 64 random bits. Where the disk gives no file, the sample goes to memory that nobody reads, and
        ``error`` says why.
        """
        self._path = path
        self.error: OSError | None = None
        try:
            self._map = _mapped(path)
        except OSError as error:
            self.error = error
            self._map = mmap.mmap(-1, TAP_SIZE)
        self._one_in = 0
        self.tap = Tap(memoryview(self._map), seed)

    def use(self, one_in: int) -> None:
        """Take 1 in ``one_in`` queries from now on. Switched off (0), what was taken is wiped."""
        if one_in == self._one_in:
            return
        self._one_in = one_in
        self.tap.use(one_in)
        if one_in == 0:
            self._map[_HEAD_OCTETS:] = bytes(TAP_SIZE - _HEAD_OCTETS)

    def close(self) -> None:
        """Switch off, and remove the file. The memory stays for as long as a core may write to it."""
        self.use(0)
        self._path.unlink(missing_ok=True)


def sample_path(run: Path, slot: int) -> Path:
    """The file of a worker's sample in the run folder."""
    return run / f"worker-{slot}.tap"


def _mapped(path: Path) -> mmap.mmap:
    """A new file in place of an old one. It is written whole: a hole that a full disk cannot fill would be a SIGBUS."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("w+b") as file:
            file.write(bytes(TAP_SIZE))
            file.flush()
            mapped = mmap.mmap(file.fileno(), TAP_SIZE)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return mapped


def read_sample(path: Path) -> tuple[SampledQuery, ...]:
    """The records of a worker's sample, in no order. Empty if it is off, not there, or no such file."""
    try:
        first, second = path.read_bytes(), path.read_bytes()
    except OSError:
        return ()
    if len(first) < _HEAD_OCTETS or len(first) != len(second):
        return ()
    magic, size, count, one_in = _HEAD.unpack_from(second)
    if magic != _MAGIC or size <= _AT_NAME or len(first) != _HEAD_OCTETS + size * count or one_in == 0:
        return ()
    return tuple(_records(first, second, size))


def _records(first: bytes, second: bytes, size: int) -> Iterator[SampledQuery]:
    for start in range(_HEAD_OCTETS, len(first), size):
        record = first[start : start + size]
        if record == second[start : start + size]:
            read = _read(record)
            if read is not None:
                yield read


def _read(record: bytes) -> SampledQuery | None:
    """None if it has never been written, is being written, or cannot be."""
    sequence, second, qtype, transport, rcode, decided, bit, latency, _path, length = _RECORD.unpack_from(
        record
    )
    labels = _labels(record[_AT_NAME : _AT_NAME + length])
    if sequence == 0 or decided not in set(Decided) or _AT_NAME + length > len(record) or labels is None:
        return None
    return SampledQuery(
        second=second,
        qtype=qtype,
        over_tcp=bool(transport),
        rcode=None if rcode == _NONE else rcode,
        decided=Decided(decided),
        bit=None if bit == _NONE else bit,
        latency=latency,
        labels=labels,
    )


def _labels(name: bytes) -> tuple[bytes, ...] | None:
    labels = []
    position = 0
    while position < len(name):
        end = position + 1 + name[position]
        if end > len(name) or end == position + 1:
            return None
        labels.append(name[position + 1 : end])
        position = end
    return tuple(labels)
