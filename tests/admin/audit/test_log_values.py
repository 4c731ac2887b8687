"""Bundles, names of logs, the clock, marks and locks: the small pieces of the log, each by itself."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.audit.bundles import Bundle, Tree, decode_bundle
from admin.audit.clock import LONGEST_GAP, leaf_time
from admin.audit.doubt import DoubtError, LogStoppedError
from admin.audit.home import is_copy, settle_in
from admin.audit.lock_row import lock_reader
from admin.audit.series import SeriesError, first, following, is_label, is_over, label_of, series_of
from admin.audit.shelving import finish, shelve
from admin.audit.signing import RefusedError, Request, SignerError, check
from admin.store.database import Database
from admin.store.log_tables import LogRow
from resolver.tlog.canonical import FormatError
from resolver.tlog.tree import EMPTY_ROOT, leaf_hash, node_hash

NAMES = st.text("abc/.0123456789", min_size=1, max_size=20).filter(
    lambda name: all(part not in ("", ".", "..") for part in name.split("/"))
)
ROOTS = st.binary(min_size=32, max_size=32)


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    """Anything that could be staged."""
    size, leaves = draw(st.integers(0, 2**40)), draw(st.lists(st.binary(max_size=20), min_size=1, max_size=5))
    before, after = Tree(size, draw(ROOTS)), Tree(size + len(leaves), draw(ROOTS))
    return Bundle(before, after, leaves, draw(st.dictionaries(NAMES, st.binary(max_size=50), max_size=5)))


T2026, T2027 = 1_780_000_000.0, 1_800_000_000.0


@given(bundles())
def test_a_bundle_comes_back_as_it_was(bundle: Bundle) -> None:
    assert decode_bundle(bundle.encode()) == bundle


@given(bundles(), st.data())
def test_a_torn_bundle_is_known_for_one(bundle: Bundle, data: st.DataObject) -> None:
    whole = bundle.encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    for torn in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole + b"x"):
        with pytest.raises(FormatError):
            decode_bundle(torn)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_bundle_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode_bundle(data)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a//b", "a/../b", ".", ""])
def test_a_bundle_writes_nothing_outside_the_log(path: str) -> None:
    with pytest.raises(FormatError, match="outside the log"):
        decode_bundle(Bundle(Tree(0, EMPTY_ROOT), Tree(1, EMPTY_ROOT), [b"x"], {path: b""}).encode())


@pytest.mark.parametrize(
    ("origin", "node", "series"),
    [
        ("", "weir", "weir/weir"),
        ("", "Edge 1 (Köln)", "edge-1-k-ln/weir"),
        ("", "+++", "weir/weir"),
        ("filter.isp.example/log", "weir", "filter.isp.example/log"),
    ],
)
def test_series_are_names_of_keys(origin: str, node: str, series: str) -> None:
    assert series_of(origin, node) == series


def test_years_and_letters_follow_one_another() -> None:
    assert first("s/weir", T2026) == "s/weir/2026"
    assert following("s/weir", "s/weir/2026", T2026) == "s/weir/2026b"
    assert following("s/weir", "s/weir/2026b", T2026) == "s/weir/2026c"
    assert following("s/weir", "s/weir/2026b", T2027) == "s/weir/2027"
    assert following("s/weir", "s/weir/2027", T2026) == "s/weir/2027b"
    with pytest.raises(SeriesError, match="26 logs"):
        following("s/weir", "s/weir/2026z", T2026)
    assert is_over("s/weir/2026b", T2027)
    assert not is_over("s/weir/2027", T2027)
    assert not is_over("s/weir/2027", T2026)
    assert label_of("s/weir/2026b") == "2026b"
    assert [is_label(name) for name in ("2026", "2026b", "2026a", "tile", "20266")] == [
        True,
        True,
        *[False] * 3,
    ]


@pytest.mark.parametrize(
    ("now", "last", "confirmed", "expected"),
    [
        (T2026, 0, False, int(T2026)),
        (T2026 + 0.9, int(T2026), False, int(T2026)),
        (T2026 - 2, int(T2026), False, int(T2026)),
        (T2026 - 3, int(T2026), True, LogStoppedError),
        (T2026 + LONGEST_GAP, int(T2026), False, int(T2026) + LONGEST_GAP),
        (T2026 + LONGEST_GAP + 1, int(T2026), False, DoubtError),
        (T2026 + LONGEST_GAP + 1, int(T2026), True, int(T2026) + LONGEST_GAP + 1),
        (0.0, 0, True, DoubtError),
    ],
)
def test_clocks(now: float, last: int, confirmed: bool, expected: Any) -> None:
    if isinstance(expected, int):
        assert leaf_time(now, last, confirmed=confirmed) == expected
    else:
        with pytest.raises(expected):
            leaf_time(now, last, confirmed=confirmed)


A, B = leaf_hash(b"a"), leaf_hash(b"b")
ONE, TWO = Tree(1, A), Tree(2, node_hash(A, B))


@pytest.mark.parametrize(
    ("request_", "locked", "seen"),
    [
        (Request("o", 1, TWO, (B,), ()), ONE, TWO),  # signed two, the database says one
        (Request("o", 1, TWO, (B,), ()), ONE, Tree(1, B)),  # the database says another one
        (Request("o", 0, ONE, (), ()), ONE, ONE),  # begins anew
        (Request("o", 1, ONE, (), ()), ONE, None),  # the same size again
        (Request("o", 1, Tree(2, B), (B,), ()), ONE, None),  # another history
        (Request("o", 1, TWO, (), ()), ONE, None),
        (Request("o", 1, TWO, (B, B), ()), ONE, None),
        (Request("o", 1, TWO, (B[:31],), ()), ONE, None),
        (Request("o", 0, ONE, (), ()), None, ONE),  # an empty database
        (Request("o", 1, TWO, (B,), ()), None, None),
    ],
)
def test_a_signer_refuses_every_second_history(
    request_: Request, locked: Tree | None, seen: Tree | None
) -> None:
    with pytest.raises(RefusedError):
        check(request_, locked, seen)


def test_a_signer_signs_what_goes_on() -> None:
    check(Request("o", 0, ONE, (), ()), None, None)
    check(Request("o", 1, TWO, (B,), ()), ONE, None)
    check(Request("o", 1, TWO, (B,), ()), ONE, ONE)


async def test_the_lock_row_is_read_past_the_writer(database: Database, address: str) -> None:
    reader = lock_reader(address)
    assert await asyncio.to_thread(reader.read, "box/weir/2027") is None
    async with database.transaction() as transaction:
        transaction.session.add(
            LogRow(
                origin="box/weir/2027", series="box/weir", number=1, size=7, root=b"r" * 32, note=b"", time=1,
                state="", bound=None, events=0, closed=False,
            )
        )  # fmt: skip
    assert await asyncio.to_thread(reader.read, "box/weir/2027") == Tree(7, b"r" * 32)
    assert await asyncio.to_thread(reader.read, "other") is None
    await asyncio.to_thread(reader.close)


def test_a_database_that_is_none_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database" * 100)
    for path in ("text", "absent"):
        with pytest.raises(SignerError, match="cannot read the database"):
            lock_reader(f"sqlite:{tmp_path / path}").read("o")
    with sqlite3.connect(tmp_path / "empty") as connection:
        connection.execute("CREATE TABLE x (y)")
    connection.close()
    with pytest.raises(SignerError, match="no such table"):
        lock_reader(f"sqlite:{tmp_path / 'empty'}").read("o")


async def test_a_connection_that_failed_is_cut(cluster: Any) -> None:
    """Each attempt of a signer with a database that is in trouble would leave one open."""
    address = cluster.new_database()
    reader = lock_reader(address)
    for _ in range(3):
        with pytest.raises(SignerError, match="UndefinedTableError"):
            await asyncio.to_thread(reader.read, "o")
    other = await asyncpg.connect(address)
    try:
        async with asyncio.timeout(60):
            while await other.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ):
                await asyncio.sleep(0)
    finally:
        await other.close()
    await asyncio.to_thread(reader.close)


def test_a_copied_home_is_none(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert not is_copy(home)
    settle_in(home)
    assert not is_copy(home)
    other = tmp_path / "other"
    other.write_bytes(home.read_bytes())
    assert is_copy(other)
    settle_in(other)
    assert not is_copy(other)
    other.write_bytes(b"inode")  # torn: says nothing
    assert not is_copy(other)
    moved = tmp_path / "moved"
    os.rename(home, moved)
    assert not is_copy(moved)


def test_logs_are_put_away_side_by_side(tmp_path: Path) -> None:
    served = tmp_path / "log"
    for label in ("2026", "2026b", "2027"):
        (served / "tile").mkdir(parents=True)
        (served / "checkpoint").write_text(label)
        shelve(served, label)
        finish(served)
    assert sorted(path.name for path in served.iterdir()) == ["2026", "2026b", "2027"]
    for path in served.iterdir():
        assert (path / "checkpoint").read_text() == path.name
        assert sorted(item.name for item in path.iterdir()) == ["checkpoint", "tile"]
    assert not (tmp_path / "log.new").exists()
