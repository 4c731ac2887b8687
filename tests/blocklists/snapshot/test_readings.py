"""What was read for the gates is not read again, and gives the very table that reading again would give."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.coverage import NOTHING_COVERED
from blocklists.model import Kind, ListSource
from blocklists.snapshot import native, readings
from blocklists.snapshot.compiler import compile_prepared, compile_snapshot, count_entries
from blocklists.snapshot.intake import Intake
from blocklists.snapshot.reader import SnapshotReader
from blocklists.snapshot.readings import Readings

SUFFIXES = frozenset({"co.example", "net.example"})
Lists = list[tuple[ListSource, bytes]]


def lists_of_all_forms(make: Callable[..., ListSource]) -> Lists:
    """They share names, contradict themselves, name suffixes and addresses."""
    return [
        (make("bets"), b"bets.example\n*.wild.example\nco.example\nbets.example\nnot a name\n"),
        (
            make("ads", "adblock"),
            b"||ads.example^\n@@||ok.ads.example^\n||bets.example^\n||ok.ads.example^$important\n",
        ),
        (
            make("bad", "hosts", kind=Kind.SECURITY, addresses=True),
            b"0.0.0.0 bad.example bets.example\n192.0.2.7\n",
        ),
        (make("plain", addresses=True), b"192.0.2.0/24\n2001:db8::/48\nads.example\n"),
        (
            make("zone", "rpz", kind=Kind.SECURITY),
            b"drop.example CNAME rpz-drop.\n*.bad.example CNAME .\na.example A 192.0.2.1\n",
        ),
    ]


def contents(path: Path) -> tuple[object, ...]:
    """Everything that a reader can ask a table, whatever its key and however it numbers its classes."""
    reader = SnapshotReader.open(path)
    names = ["bets.example", "x.wild.example", "wild.example", "co.example", "ads.example", "ok.ads.example"]
    names += ["bad.example", "x.bad.example", "drop.example", "a.example", "other.example"]
    found = [
        reader.look_up(b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0")
        for name in names
    ]
    addresses = [
        reader.look_up_address(bytes(packed))
        for packed in ([192, 0, 2, 7], [192, 0, 2, 8], [198, 51, 100, 1])
    ]
    spoken = [(mask, [labels for labels, _ in hits]) for mask, hits in (*found, *addresses)]
    return reader.entries, reader.bits, spoken


@pytest.mark.parametrize(
    "counted", [set(), {"ads"}, {"bets", "zone"}, {"bets", "ads", "bad", "plain", "zone"}]
)
def test_the_table_is_the_same(
    make_source: Callable[..., ListSource], tmp_path: Path, counted: set[str]
) -> None:
    lists = lists_of_all_forms(make_source)
    kept = Readings(SUFFIXES)
    for source, data in lists:
        if source.id in counted:
            counts = replace(kept.count(source, data), coverage=NOTHING_COVERED)
            assert counts == count_entries(source, data, SUFFIXES)
    prepared = kept.take()
    assert set(prepared.readings) == counted
    again = compile_snapshot(lists, tmp_path / "again", key=prepared.key, now=1, suffixes=SUFFIXES)
    once = compile_prepared(lists, tmp_path / "once", prepared, now=1, suffixes=SUFFIXES)
    assert (once.entries, once.bits, once.counts, once.digest) == (
        again.entries,
        again.bits,
        again.counts,
        again.digest,
    )
    assert contents(tmp_path / "once") == contents(tmp_path / "again")


@given(
    st.lists(
        st.lists(st.sampled_from([f"n{n}.example" for n in range(12)]), max_size=8), min_size=1, max_size=4
    )
)
def test_any_lists(tmp_path_factory: pytest.TempPathFactory, names: list[list[str]]) -> None:
    folder = tmp_path_factory.mktemp("tables")
    lists = [
        (
            ListSource(id=f"l{n}", url="file:/l", format="domains", kind=Kind.SECURITY),
            "\n".join(lines).encode(),
        )
        for n, lines in enumerate(names)
    ]
    kept = Readings(())
    for source, data in lists:
        kept.count(source, data)
    report = compile_prepared(lists, folder / "once", kept.take(), now=1, suffixes=())
    reader = SnapshotReader.open(folder / "once")
    assert report.entries == len(set(itertools.chain.from_iterable(names)))
    for number in range(12):
        name = f"n{number}.example"
        mask, _ = reader.look_up(bytes([len(name) - 8]) + name[:-8].encode() + b"\x07example\0")
        speaking = {bit.id for bit in reader.bits if mask >> bit.index & 1}
        assert speaking == {f"l{n}" for n, lines in enumerate(names) if name in lines}


def test_another_text_or_source_is_read(
    make_source: Callable[..., ListSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    original = Intake.read
    monkeypatch.setattr(
        Intake, "read", lambda self, data, **rest: (read.append(data), original(self, data, **rest))[1]
    )
    kept = Readings(())
    for name in ("same", "text", "source"):
        kept.count(make_source(name), b"a.example\n")
    read.clear()
    lists = [
        (make_source("same"), b"a.example\n"),
        (make_source("text"), b"b.example\n"),
        (make_source("source", categories=("other",)), b"a.example\n"),
    ]
    assert compile_prepared(lists, tmp_path / "table", kept.take(), now=1, suffixes=()).entries == 2
    assert read == [b"b.example\n", b"a.example\n"]


def test_a_key_is_used_once_and_what_is_forgotten_is_gone(make_source: Callable[..., ListSource]) -> None:
    kept = Readings(())
    kept.count(make_source("one"), b"a.example\n")
    kept.count(make_source("two"), b"a.example\n")
    kept.forget("one")
    kept.forget("never counted")
    first, second = kept.take(), kept.take()
    assert set(first.readings) == {"two"}
    assert not second.readings
    assert first.key != second.key


def test_what_is_kept_is_bounded(
    make_source: Callable[..., ListSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "MOST_KEPT", 3)
    kept = Readings(())
    assert kept.count(make_source("one"), b"a.example\nb.example\n").entries == 2
    assert kept.count(make_source("two"), b"a.example\nb.example\n").entries == 2
    assert kept.count(make_source("one"), b"a.example\nb.example\nc.example\n").entries == 3
    assert {name: reading.intake.counts.entries for name, reading in kept.take().readings.items()} == {
        "one": 3
    }


def test_merging_wants_the_same_key_and_a_number_for_every_token(key: bytes) -> None:
    into, other = native.Builder(key), native.Builder(key)
    other.add(b"a.example", 1)
    other.add(b"b.example", 2)
    other.mark(b"marked.example")
    into.add(b"a.example", 5)
    with pytest.raises(ValueError, match="do not rename all tokens"):
        into.merge(other, [0, 7])
    with pytest.raises(ValueError, match="same key"):
        into.merge(native.Builder(bytes(32)), [])
    with pytest.raises(ValueError, match="another builder"):
        into.merge(into, [0, 1, 2, 3, 4, 5])
    into.merge(other, [0, 7, 6])
    assert (into.tokens(b"a.example"), into.tokens(b"b.example"), len(into)) == ((5, 7), (6,), 2)
    assert into.tokens(b"marked.example") == ()
