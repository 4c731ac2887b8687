"""The native builder and table against Python dictionaries."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklists.snapshot import native

LABEL = st.text("ab-_0z", min_size=1, max_size=63)
NAME = st.lists(LABEL, min_size=1, max_size=6).map(".".join).filter(lambda name: len(name) <= 253)
LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
DEEPEST = ".".join("a" * 127)
Written = Callable[..., Path]
Wire = Callable[[str], bytes]


def suffixes(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


@given(st.dictionaries(NAME, st.integers(1, 9), max_size=30), st.lists(NAME, max_size=10))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_suffix_is_found_and_nothing_else(
    written: Written, wire: Wire, names: dict[str, int], others: list[str]
) -> None:
    table = native.Snapshot.open(str(written(names)))
    assert table.entries == len(names)
    for name in [*names, *others, *(f"q.{name}" for name in names if len(name) < 250)]:
        expected = tuple((part.count(".") + 1, names[part]) for part in suffixes(name) if part in names)
        assert table.lookup(wire(name))[1] == expected


def test_a_large_table_holds_exactly_its_names(written: Written, wire: Wire) -> None:
    numbers = random.Random(7)
    names = {
        f"n{numbers.randrange(10**9)}.{tld}": 1 + n % 9
        for n, tld in enumerate(["com", "org", "net"] * 20_000)
    }
    table = native.Snapshot.open(str(written(names)))
    assert table.entries == len(names)
    assert all(table.lookup(wire(name)) == (2, ((2, class_id),)) for name, class_id in names.items())
    assert not any(table.lookup(wire(f"m{n}.com"))[1] for n in range(50_000))
    assert table.size / table.entries < 16


@pytest.mark.parametrize("name", [LONGEST, DEEPEST, "a.b", "_dmarc.x--y.0", "single"])
def test_extreme_names(written: Written, wire: Wire, name: str) -> None:
    table = native.Snapshot.open(str(written({name: 1})))
    labels = name.count(".") + 1
    assert table.lookup(wire(name)) == (labels, ((labels, 1),))


BAD_WIRES = [
    b"",
    b"\3foo",
    b"\3foo\0\0",
    b"\3fo",
    b"\100" + b"a" * 64 + b"\0",
    b"\xc0\x0c",
    b"\1a" * 128 + b"\0",
    (b"\x3f" + b"a" * 63) * 4 + b"\0",
    b"\3foo\xff",
]


@pytest.mark.parametrize("bad", BAD_WIRES)
def test_a_malformed_wire_name_is_not_listed(written: Written, bad: bytes) -> None:
    table = native.Snapshot.open(str(written({"foo": 1, "a": 2})))
    assert table.lookup(bad) == (0, ())


def test_the_root_and_an_empty_table(written: Written) -> None:
    table = native.Snapshot.open(str(written({})))
    assert (table.entries, table.lookup(b"\0"), table.lookup(b"\1a\0")) == (0, (0, ()), (1, ()))
    assert table.lookup_address(bytes(4)) == ()


def test_addresses_by_longest_prefix(written: Written) -> None:
    v6 = bytes.fromhex("20010db8000000000000000000000001")
    prefixes = {
        (b"\x0a\0\0\0", 8): 1,
        (b"\x0a\1\2\3", 32): 2,
        (bytes(4), 0): 3,
        (v6, 128): 4,
        (v6, 32): 5,
        (b"\x0a\1\2\xff", 25): 6,  # the bit beyond the last byte counts, those after it do not
    }
    table = native.Snapshot.open(str(written({"a.b": 7}, prefixes)))
    assert table.lookup_address(b"\x0a\1\2\3") == ((32, 2), (8, 1), (0, 3))
    assert table.lookup_address(b"\x0a\1\2\x80") == ((25, 6), (8, 1), (0, 3))
    assert table.lookup_address(b"\x0b\1\2\3") == ((0, 3),)
    assert table.lookup_address(v6) == ((128, 4), (32, 5))
    assert table.lookup_address(v6[:-1] + b"\2") == ((32, 5),)
    assert table.lookup_address(b"\x0a" * 5) == ()


def test_a_stop_class_ends_the_look_up(tmp_path: Path, key: bytes, wire: Wire) -> None:
    builder = native.Builder(key)
    for name, token in ((b"b.a", 1), (b"c.b.a", 2), (b"d.c.b.a", 1)):
        builder.add(name, token)
    path = tmp_path / "table"
    stop = bytes(64) + b"\1" + bytes(7)
    by_token = {(): 0, (1,): 1, (2,): 2}
    ids = [by_token[tokens] for tokens, _ in builder.sets()]
    builder.write(str(path), ids, bytes(72) + bytes(72) + stop, b"", 0)
    assert native.Snapshot.open(str(path)).lookup(wire("d.c.b.a")) == (4, ((4, 1), (3, 2)))


def test_another_key_gives_another_table_with_the_same_answers(tmp_path: Path, wire: Wire) -> None:
    files = []
    for number in (1, 2):
        builder = native.Builder(bytes([number]) * 32)
        builder.add(b"a.example", 1)
        path = tmp_path / str(number)
        builder.write(str(path), [0, 1], bytes(144), b"", 0)
        assert native.Snapshot.open(str(path)).lookup(wire("a.example")) == (2, ((2, 1),))
        files.append(path.read_bytes())
    assert files[0][300:] != files[1][300:]


token_sets = st.dictionaries(
    st.sampled_from(["a.b", "b.c", "c.d", "d"]), st.lists(st.integers(0, 5), max_size=6)
)


@given(token_sets)
@settings(deadline=None)
def test_token_sets(named: dict[str, list[int]]) -> None:
    builder = native.Builder(bytes(32))
    for name, tokens in named.items():
        for position, token in enumerate(tokens):
            assert builder.add(name.encode(), token) is (token not in tokens[:position])
    expected = {name: tuple(sorted(set(tokens))) for name, tokens in named.items()}
    assert {name: builder.tokens(name.encode()) for name in named} == expected
    assert len(builder) == sum(map(bool, expected.values()))
    counted = {tokens: count for tokens, count in builder.sets() if count}
    assert counted == {t: list(expected.values()).count(t) for t in expected.values() if t}


def test_many_token_sets_and_growth(key: bytes) -> None:
    builder = native.Builder(key)
    numbers = random.Random(3)
    expected = {}
    for n in range(20_000):
        name = f"n{n}.example".encode()
        expected[name] = tuple(sorted(numbers.sample(range(40), numbers.randrange(1, 5))))
        for token in expected[name]:
            builder.add(name, token)
    assert len(builder) == len(expected)
    assert all(builder.tokens(name) == tokens for name, tokens in expected.items())
    assert {tokens for tokens, count in builder.sets() if count} == set(expected.values())


def test_replace_and_remove(key: bytes, tmp_path: Path, wire: Wire) -> None:
    builder = native.Builder(key)
    builder.add(b"a.b", 1)
    builder.add(b"c.d", 1)
    builder.replace(b"a.b", [])
    builder.replace(b"c.d", [5, 2, 5])
    builder.replace(b"new.name", [2])
    assert (builder.tokens(b"a.b"), builder.tokens(b"c.d"), builder.tokens(b"new.name")) == ((), (2, 5), (2,))
    assert len(builder) == 2
    path = tmp_path / "table"
    builder.write(str(path), [min(len(tokens), 1) for tokens, _ in builder.sets()], bytes(144), b"", 0)
    table = native.Snapshot.open(str(path))
    assert table.entries == 2
    assert table.lookup(wire("a.b"))[1] == ()
    assert table.lookup(wire("new.name"))[1] == ((2, 1),)


def test_entries_of_class_0_are_left_out(key: bytes, tmp_path: Path, wire: Wire) -> None:
    builder = native.Builder(key)
    builder.add(b"a.b", 1)
    builder.write(str(tmp_path / "table"), [0, 0], bytes(72), b"", 0)
    table = native.Snapshot.open(str(tmp_path / "table"))
    assert (table.entries, table.lookup(wire("a.b"))[1]) == (0, ())


BAD_NAMES = [
    b"",
    b".",
    b"a..b",
    b".a",
    b"a.",
    b"A.b",
    b"a b.c",
    b"\xff.a",
    b"a\0.b",
    b"x" * 64,
    b"a." * 127 + b"ab",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_not_canonical_is_refused(key: bytes, name: bytes) -> None:
    builder = native.Builder(key)
    for call in (
        lambda: builder.add(name, 1),
        lambda: builder.tokens(name),
        lambda: builder.replace(name, [1]),
    ):
        with pytest.raises(ValueError, match="canonical"):
            call()


def test_bad_arguments(key: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        native.Builder(b"short")
    builder = native.Builder(key)
    builder.add(b"a.b", 1)
    path = str(tmp_path / "table")
    for packed, length in ((bytes(4), 33), (bytes(5), 8), (bytes(16), 129)):
        with pytest.raises(ValueError, match="prefix"):
            builder.add_address(packed, length, 1)
    with pytest.raises(ValueError, match="syntax"):
        builder.scan(b"", 4, 1, lambda *_: None)
    for ids, classes in (([0], bytes(144)), ([0, 2], bytes(144)), ([0, 1], bytes(100)), ([0, 1], b"")):
        with pytest.raises(ValueError, match="class"):
            builder.write(path, ids, classes, b"", 0)
    assert not Path(path).exists()


def test_a_file_in_use_is_never_written_over(key: bytes, tmp_path: Path) -> None:
    builder = native.Builder(key)
    (tmp_path / "table").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        builder.write(str(tmp_path / "table"), [0], bytes(72), b"", 0)
    assert (tmp_path / "table").read_bytes() == b"old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here to stand for a full disk")
def test_a_full_disk_is_an_os_error(key: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, flags, mode=0: real("/dev/full", os.O_WRONLY))
    with pytest.raises(OSError, match="No space left"):
        native.Builder(key).write(str(tmp_path / "table"), [0], bytes(72), b"", 0)


def test_a_closed_snapshot_refuses_look_ups(written: Written) -> None:
    table = native.Snapshot.open(str(written({"a.b": 1})))
    assert (table.meta, table.created) == (b"notes", 1_700_000_000)
    table.close()
    table.close()
    for call in (lambda: table.lookup(b"\0"), lambda: table.lookup_address(bytes(4)), lambda: table.meta):
        with pytest.raises(ValueError, match="closed"):
            call()
    with pytest.raises(TypeError):
        native.Snapshot()
