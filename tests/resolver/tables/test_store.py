"""Generations on disk: whole or not at all, and the last good one is found again."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.model import Confidentiality, Kind, LegalBasis
from resolver.policy.model import Grant, Policy, Rule
from resolver.tables import store
from resolver.tables.model import ClientEntry, ListInfo, Tables
from resolver.tables.store import (
    TablesError,
    collect_garbage,
    current_generation,
    decode,
    encode,
    load,
    publish,
)


def _tables(generation: int, snapshot: str = "snapshot-a.weir") -> Tables:
    policy = Policy(
        0,
        block=1 << 255,
        rules={b"\xff\xfe\x00": (Rule(True, below=False), Rule(False))},
        grants=(Grant(b"\x01\xffa\x00", 1.5),),
        safe_search={b"\x01\x80\x00": b"\x02\x81\x82\x00"},
    )
    info = ListInfo("l", "L", Kind.ILLEGAL, LegalBasis.COURT, Confidentiality.SECRET, categories=("x",))
    return Tables(generation, 1.0, snapshot, (policy,), (ClientEntry("::/0", 0),), 0, lists={"l": info})


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "snapshot-a.weir").write_bytes(b"x")
    return tmp_path


def test_what_is_published_is_what_is_loaded(state: Path) -> None:
    publish(state, _tables(1))
    publish(state, _tables(2))
    assert current_generation(state) == 2
    assert load(state) == (_tables(2), [])


@given(
    st.dictionaries(st.binary(min_size=1, max_size=20), st.binary(max_size=20), max_size=4),
    st.integers(0, 2**256),
)
def test_any_policy_survives_the_file(names: dict[bytes, bytes], block: int) -> None:
    tables = Tables(1, 0.0, "s", (Policy(0, block=block, safe_search=names),), (), 0)
    assert decode(encode(tables), name="t") == tables


def test_equal_safe_search_tables_are_written_once() -> None:
    table = {b"\x01%c\x00" % letter: b"\x04safe\x00" for letter in b"abcdefgh"}
    many = tuple(Policy(number, safe_search=dict(table)) for number in range(100))
    one = Tables(1, 0.0, "s", (Policy(0, safe_search=table),), (), 0)
    all_of_them = Tables(1, 0.0, "s", many, (), 0)
    assert encode(all_of_them).count(b"BHNhZmUA") == encode(one).count(b"BHNhZmUA") == 8
    assert decode(encode(all_of_them), name="t") == all_of_them


def test_an_empty_state_says_that_nothing_was_published(state: Path) -> None:
    with pytest.raises(TablesError, match="no generation has been published yet"):
        load(state)
    assert current_generation(state) is None


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "gone", "snapshot"])
def test_a_damaged_generation_is_passed_over_for_the_last_good_one(state: Path, damage: str) -> None:
    publish(state, _tables(1))
    publish(state, _tables(2, "snapshot-b.weir"))
    (state / "snapshot-b.weir").write_bytes(b"y")
    path = state / store.file_name(2)
    data = path.read_bytes()
    if damage == "truncate":
        path.write_bytes(data[:-10])
    elif damage == "flip":
        path.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "gone":
        path.unlink()
    else:
        (state / "snapshot-b.weir").unlink()
    tables, complaints = load(state)
    assert tables.generation == 1
    assert store.file_name(2) in complaints[0]


def test_another_format_version_is_refused_with_both_numbers() -> None:
    import hashlib

    body = encode(_tables(1)).partition(b"\n")[2].replace(b'"version":1', b'"version":9')
    with pytest.raises(TablesError, match="format version 9, this Weir reads 1"):
        decode(hashlib.sha256(body).hexdigest().encode() + b"\n" + body, name="t")


@pytest.mark.parametrize("step", ["fsync", "rename", "symlink_to"])
def test_a_full_disk_at_any_step_keeps_the_old_generation(
    state: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish(state, _tables(1))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os if step == "fsync" else Path, step, full)
    with pytest.raises(OSError, match="No space left"):
        publish(state, _tables(2))
    monkeypatch.undo()
    assert load(state)[0].generation == 1
    publish(state, _tables(2))
    assert load(state)[0].generation == 2


def test_garbage_is_what_no_kept_generation_names(state: Path) -> None:
    for generation in range(1, 9):
        name = f"snapshot-{generation}.weir"
        (state / name).write_bytes(b"x")
        publish(state, _tables(generation, name))
    (state / ".half.tmp").write_bytes(b"x")
    collect_garbage(state, keep=3)
    assert sorted(path.name for path in state.iterdir()) == [
        "current",
        "snapshot-6.weir",
        "snapshot-7.weir",
        "snapshot-8.weir",
        "tables-00000006.json",
        "tables-00000007.json",
        "tables-00000008.json",
    ]
