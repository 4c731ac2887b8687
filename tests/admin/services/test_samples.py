"""The sample in words: whose name is shown, cut to what, and that no list's bit ever is."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from admin.services.samples import FLOOR, recent
from blocklists.model import Bit, BitRole
from resolver.sampling import Decided, sample_path

BITS = (
    Bit(1, BitRole.ILLEGAL, "vault"),
    Bit(2, BitRole.SECURITY, "malware"),
    Bit(7, BitRole.CATEGORY, "gambling"),
)
NOW = 1_800_000_000


def record(name: bytes = b"", *, second: int = NOW, decided: int = 0, bit: int = 255) -> bytes:
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b".") if label)
    head = struct.pack("<QIHBBBBBBB", 1, second, 28, 0, 3, decided, bit, 4, 0, len(labels))
    return (head.ljust(22, b"\0") + labels).ljust(128, b"\0")


def write(run: Path, slot: int, *records: bytes) -> None:
    head = struct.pack("<8sIII", b"WEIRTAP1", 128, len(records), 100).ljust(64, b"\0")
    sample_path(run, slot).write_bytes(head + b"".join(records))


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (b"www.example.com", "example.com"),
        (b"example.com", "example.com"),
        (b"shop.example.co.uk", "example.co.uk"),
        (b"co.uk", "co.uk"),
        (b"home-of-jane.blogspot.com", "blogspot.com"),  # a customer of a host may be a person
        (b"janes-phone.lan", None),
        (b"janes-phone", None),
        (b"b.city.kawasaki.jp", "city.kawasaki.jp"),
        (b"a\xff.example.com", None),
        (b"a_b.example.org", "example.org"),
    ],
)
def test_names_are_cut(tmp_path: Path, asked: bytes, shown: str | None) -> None:
    write(tmp_path, 0, *[record(asked)] * FLOOR)
    assert {query.name for query in recent(tmp_path, 1, NOW, BITS)} == {shown}


def test_a_seldom_name_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path, 0, *[record(b"a.often.example.com")] * (FLOOR - 1), record(b"jane.com"))
    write(tmp_path, 1, record(b"b.often.example.com"))
    names = [query.name for query in recent(tmp_path, 2, NOW, BITS)]
    assert names.count("example.com") == FLOOR
    assert names.count(None) == 1


@pytest.mark.parametrize("decided", list(Decided))
@pytest.mark.parametrize("bit", [1, 2, 7, 9, 255])
def test_only_a_category_is_named(tmp_path: Path, decided: Decided, bit: int) -> None:
    """Whatever stands in a file that the data plane wrote."""
    write(tmp_path, 0, record(decided=decided, bit=bit))
    (query,) = recent(tmp_path, 1, NOW, BITS)
    assert query.category == ("gambling" if decided is Decided.CATEGORY and bit == 7 else None)


def test_what_is_said_of_a_query(tmp_path: Path) -> None:
    write(tmp_path, 0, record(decided=Decided.ILLEGAL_OR_SECURITY), record(second=NOW - 1))
    (query,) = recent(tmp_path, 1, NOW, BITS)
    assert (query.at, query.transport, query.qtype, query.rcode) == (NOW, "udp", 28, 3)
    assert (query.decided, query.within, query.name) == ("illegal-or-security", 100, None)


def test_without_files_there_is_nothing(tmp_path: Path) -> None:
    assert recent(tmp_path, 4, 0, BITS) == ()
