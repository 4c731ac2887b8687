"""The reader: masks, hits, lists behind them, local data, damaged notes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from blocklists.model import Kind, ListSource
from blocklists.snapshot import metadata, native
from blocklists.snapshot.classes import Class, pack
from blocklists.snapshot.compiler import compile_snapshot
from blocklists.snapshot.reader import SnapshotReader

Make = Callable[..., ListSource]
Wire = Callable[[str], bytes]


@pytest.fixture
def reader(make_source: Make, tmp_path: Path, key: bytes) -> SnapshotReader:
    zone = (
        b"own.example A 192.0.2.1\n*.own.example A 192.0.2.2\n*.deep.own.example AAAA 2001:db8::1\n"
        b"local A 192.0.2.3\nplain.example CNAME .\n"
    )
    lists = [
        (make_source("zone", "rpz", kind=Kind.SECURITY), zone),
        (
            make_source("exact", "adblock", categories=("topic",)),
            b"|plain.example^\n@@||free.plain.example^\n",
        ),
        (make_source("wide", categories=("topic",)), b"plain.example\n"),
    ]
    compile_snapshot(lists, tmp_path / "s.weir", key=key, now=5, suffixes=())
    return SnapshotReader.open(tmp_path / "s.weir")


def test_masks_hits_and_the_lists_behind_them(reader: SnapshotReader, wire: Wire) -> None:
    mask, ((labels, class_id),) = reader.look_up(wire("plain.example"))
    assert (mask.bit_count(), labels) == (2, 2)  # the zone's action, and the topic that two lists feed
    assert reader.lists_of(class_id) == ("zone", "exact", "wide")
    mask, hits = reader.look_up(wire("x.plain.example"))
    assert (mask.bit_count(), hits) == (1, ((2, class_id),))
    assert reader.lists_of(class_id, below=True) == ("wide",)


@pytest.mark.parametrize("bad", [b"", b"\xc0\0", b"\3abc", b"\0"])
def test_malformed_names_are_not_listed(reader: SnapshotReader, bad: bytes) -> None:
    assert reader.look_up(bad) == (0, ())
    assert reader.look_up_address(bad) == (0, ())


@pytest.mark.parametrize(
    ("name", "rdata"),
    [
        ("own.example", ["192.0.2.1"]),
        ("x.own.example", ["192.0.2.2"]),
        ("deep.own.example", ["192.0.2.2"]),
        ("x.deep.own.example", ["2001:db8::1"]),
        ("plain.example", []),
        ("example", []),
    ],
)
def test_local_data(reader: SnapshotReader, wire: Wire, name: str, rdata: list[str]) -> None:
    assert [record[2] for record in reader.local_data("zone", name)] == rdata
    assert [record[2] for record in reader.local_data("zone", wire(name))] == rdata
    assert reader.local_data("wide", name) == ()
    assert reader.local_data("nobody", name) == ()


GOOD_NOTES = metadata.encode(metadata.Metadata("d", (), ("one",), (((), ()), ((), ())), {}, frozenset()))


@pytest.mark.parametrize(
    "notes",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        GOOD_NOTES.replace(b"digest", b"dijest"),
        GOOD_NOTES.replace(b'"bits":[]', b'"bits":[[1]]'),
    ],
)
def test_damaged_notes_are_refused(tmp_path: Path, key: bytes, notes: bytes) -> None:
    assert metadata.decode(GOOD_NOTES).lists == ("one",)
    path = tmp_path / "bad"
    native.Builder(key).write(str(path), [0], pack([Class(0, 0), Class(1, 1)]), notes, 0)
    with pytest.raises(native.SnapshotError, match="notes"):
        SnapshotReader.open(path)


def test_notes_for_other_classes_are_refused(tmp_path: Path, key: bytes) -> None:
    native.Builder(key).write(str(tmp_path / "bad"), [0], pack([Class(0, 0)]), GOOD_NOTES, 0)
    with pytest.raises(native.SnapshotError, match="do not fit its classes"):
        SnapshotReader.open(tmp_path / "bad")


def test_closed(reader: SnapshotReader, wire: Wire) -> None:
    reader.close()
    with pytest.raises(ValueError, match="closed"):
        reader.look_up(wire("plain.example"))
