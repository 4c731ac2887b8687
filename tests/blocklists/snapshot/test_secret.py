"""Secret lists in a compiled file: found under their key only, beside what public lists say of the same names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from blocklists.edits import Change, Edit
from blocklists.model import Confidentiality, Kind, ListSource, Scope
from blocklists.snapshot import native
from blocklists.snapshot.classes import CompileError
from blocklists.snapshot.compiler import CompileReport, compile_prepared, count_entries
from blocklists.snapshot.deltas import Deltas, Effect
from blocklists.snapshot.reader import SnapshotReader, changes_of
from blocklists.snapshot.readings import Prepared, Readings

Make = Callable[..., ListSource]
Wire = Callable[[str], bytes]
PUBLIC_TEXT = b"both.example\npublic.example\n"


@pytest.fixture
def bets(make_source: Make) -> ListSource:
    return make_source("bets", categories=("gambling",))


@pytest.fixture
def hush(make_source: Make) -> ListSource:
    return make_source("hush", kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET, addresses=True)


@pytest.fixture
def compiled(tmp_path: Path, key: bytes, index_key: bytes) -> Callable[..., CompileReport]:
    def run(*lists: tuple[ListSource, bytes], prepared: Prepared | None = None) -> CompileReport:
        prepared = prepared or Prepared(key, index_key=index_key)
        return compile_prepared(lists, tmp_path / "file.weir", prepared, now=1.0, suffixes=("co.uk",))

    return run


def said(reader: SnapshotReader, wire: bytes) -> set[str]:
    mask, _ = reader.look_up(wire)
    return {bit.id for bit in reader.bits if mask >> bit.index & 1}


def test_what_both_kinds_of_lists_say_is_put_together(
    bets: ListSource, hush: ListSource, compiled: Callable[..., CompileReport], tmp_path: Path, index_key: bytes,
    wire: Wire,
) -> None:  # fmt: skip
    report = compiled((bets, PUBLIC_TEXT), (hush, b"both.example\nhidden.example\n"))
    reader = SnapshotReader.open(tmp_path / "file.weir", index_key=index_key)
    cases = {
        "both.example": {"gambling", "hush"},
        "x.both.example": {"gambling", "hush"},
        "hidden.example": {"hush"},
        "public.example": {"gambling"},
        "example": set(),
    }
    assert {name: said(reader, wire(name)) for name in cases} == cases
    assert (report.entries, reader.entries) == (4, 4)
    assert report.counts["hush"].entries == 2
    public = SnapshotReader.open(tmp_path / "file.weir", without_secret=True)
    assert {name for name in cases if said(public, wire(name))} == {
        "both.example",
        "x.both.example",
        "public.example",
    }


def test_addresses_are_keyed_too(
    hush: ListSource, compiled: Callable[..., CompileReport], tmp_path: Path, index_key: bytes
) -> None:
    compiled((hush, b"192.0.2.1\n2001:db8::1\n"))
    reader = SnapshotReader.open(tmp_path / "file.weir", index_key=index_key)
    v6 = bytes.fromhex("20010db8000000000000000000000001")
    assert reader.look_up_address(bytes([192, 0, 2, 1]))[0] == 1
    assert reader.look_up_address(bytes([192, 0, 2, 2]))[0] == 0
    assert reader.look_up_address(v6)[0] == 1
    content = (tmp_path / "file.weir").read_bytes()
    assert bytes([192, 0, 2, 1]) not in content
    assert v6 not in content
    public = SnapshotReader.open(tmp_path / "file.weir", without_secret=True)
    assert public.look_up_address(v6)[0] == 0


def test_an_exception_inside_a_secret_list(
    make_source: Make, compiled: Callable[..., CompileReport], tmp_path: Path, index_key: bytes, wire: Wire
) -> None:
    """It holds for its own list, and what public lists say below it stands."""
    hush = make_source("hush", "adblock", kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET)
    compiled(
        (make_source("bets", categories=("gambling",)), b"ok.hidden.example\n"),
        (hush, b"||hidden.example^\n@@||ok.hidden.example^\n"),
    )
    reader = SnapshotReader.open(tmp_path / "file.weir", index_key=index_key)
    assert said(reader, wire("hidden.example")) == {"hush"}
    assert said(reader, wire("x.ok.hidden.example")) == {"gambling"}
    assert said(reader, wire("no.hidden.example")) == {"hush"}


def test_a_public_suffix_on_a_secret_list(hush: ListSource) -> None:
    counts = count_entries(hush, b"co.uk\nhidden.example\n", frozenset({"co.uk"}))
    assert counts.entries == 1


def test_without_an_index_key_none_is_compiled(
    hush: ListSource, compiled: Callable[..., CompileReport]
) -> None:
    with pytest.raises(CompileError, match=r"list hush is secret.*admin\.vault\.key") as caught:
        compiled((hush, b"hidden.example\n"), prepared=Prepared())
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("wrong", [None, bytes(16)])
def test_without_its_key_the_file_is_refused(
    hush: ListSource, compiled: Callable[..., CompileReport], tmp_path: Path, wrong: bytes | None
) -> None:
    compiled((hush, b"hidden.example\n"))
    with pytest.raises(native.IndexKeyError, match="index key"):
        SnapshotReader.open(tmp_path / "file.weir", index_key=wrong)


def test_without_secret_lists_any_key_will_do(
    bets: ListSource, hush: ListSource, compiled: Callable[..., CompileReport], tmp_path: Path
) -> None:
    compiled((bets, PUBLIC_TEXT), (hush, b"# nothing yet\n"))
    for key in (None, bytes(16)):
        assert SnapshotReader.open(tmp_path / "file.weir", index_key=key).entries == 2


def test_a_wrong_length_is_a_mistake_of_the_caller(
    bets: ListSource, compiled: Callable[..., CompileReport], tmp_path: Path
) -> None:
    compiled((bets, PUBLIC_TEXT))
    with pytest.raises(ValueError, match="16 bytes"):
        native.Snapshot.open(str(tmp_path / "file.weir"), index_key=bytes(15))
    with pytest.raises(ValueError, match="an index key 16"):
        native.Builder(bytes(24))
    with pytest.raises(ValueError, match="beside them"):
        native.Builder(bytes(16)).write(str(tmp_path / "x"), [0], bytes(72), b"", 0)


def test_a_secret_version_that_was_counted_is_not_read_again(
    bets: ListSource, hush: ListSource, compiled: Callable[..., CompileReport], tmp_path: Path, index_key: bytes,
    wire: Wire, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    readings = Readings(("co.uk",), index_key)
    readings.count(bets, PUBLIC_TEXT)
    readings.count(hush, b"hidden.example\n")
    prepared = readings.take()
    monkeypatch.setattr("blocklists.snapshot.intake.Intake.read", None)
    compiled((bets, PUBLIC_TEXT), (hush, b"hidden.example\n"), prepared=prepared)
    reader = SnapshotReader.open(tmp_path / "file.weir", index_key=index_key)
    assert said(reader, wire("hidden.example")) == {"hush"}


def test_an_edit_of_a_public_list_lifts_nothing_else(
    bets: ListSource, hush: ListSource, compiled: Callable[..., CompileReport], tmp_path: Path, index_key: bytes,
    wire: Wire,
) -> None:  # fmt: skip
    path = tmp_path / "file.weir"
    compiled((bets, PUBLIC_TEXT), (hush, b"both.example\n"))
    native.Changes.create(native.Snapshot.open(str(path), without_secret=True), str(changes_of(path)))
    reader = SnapshotReader.open(path, index_key=index_key)
    deltas = Deltas(path, {"bets": bets, "hush": hush})
    gone = Edit(Change.REMOVE, "both.example", Scope.DOMAIN)
    assert deltas.apply("bets", [gone]) == [Effect.NOW]
    assert said(reader, wire("both.example")) == {"hush"}
    assert deltas.apply("hush", [gone]) == [Effect.LATER]
    deltas.close()
