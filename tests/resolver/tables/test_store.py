"""Generations on disk: whole or not at all, and the last good one is found again."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from blocklists.model import Confidentiality, Kind, LegalBasis
from resolver.policy.model import Policy
from resolver.tables import store
from resolver.tables.model import Assignments, ClientEntry, ListInfo, Tables
from resolver.tables.store import (
    TablesError,
    collect_garbage,
    current_generation,
    decode,
    encode,
    load,
    publish,
)
from resolver.tables.writing import ClientsWriter

TABLES_HEADER = 512
"""Octets before the clients (WEIR_TABLES_HEADER)."""


def _tables(generation: int, snapshot: str = "snapshot-a.weir", clients: str = "clients-a.weir") -> Tables:
    info = ListInfo("l", "L", Kind.ILLEGAL, LegalBasis.COURT, Confidentiality.SECRET, categories=("x",))
    return Tables(generation, 1.0, snapshot, clients, lists={"l": info})


def _write_clients(path: Path) -> None:
    assigned = Assignments((Policy(0),), (ClientEntry.of("192.0.2.7/32", 0),))
    ClientsWriter.create(path, assigned, plan=bytes(32), key=bytes(32), now=1.0).close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "snapshot-a.weir").write_bytes(b"x")
    _write_clients(tmp_path / "clients-a.weir")
    return tmp_path


def test_what_is_published_is_what_is_loaded(state: Path) -> None:
    publish(state, _tables(1))
    publish(state, _tables(2))
    assert current_generation(state) == 2
    assert load(state) == (_tables(2), [])


def test_an_empty_state_says_that_nothing_was_published(state: Path) -> None:
    with pytest.raises(TablesError, match="no generation has been published yet"):
        load(state)
    assert current_generation(state) is None


@pytest.mark.parametrize(
    "damage",
    ["truncate", "flip", "empty", "gone", "snapshot", "clients gone", "clients cut", "client flipped"],
)
def test_a_damaged_generation_is_passed_over_for_the_last_good_one(state: Path, damage: str) -> None:
    publish(state, _tables(1))
    publish(state, _tables(2, "snapshot-b.weir", "clients-b.weir"))
    (state / "snapshot-b.weir").write_bytes(b"y")
    _write_clients(state / "clients-b.weir")
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
    elif damage == "clients gone":
        (state / "clients-b.weir").unlink()
    elif damage == "clients cut":
        (state / "clients-b.weir").write_bytes((state / "clients-b.weir").read_bytes()[:-64])
    elif damage == "client flipped":
        content = bytearray((state / "clients-b.weir").read_bytes())
        word = next(at for at in range(TABLES_HEADER, len(content), 8) if content[at])
        content[word] ^= 1
        (state / "clients-b.weir").write_bytes(content)
    else:
        (state / "snapshot-b.weir").unlink()
    tables, complaints = load(state)
    assert tables.generation == 1
    assert store.file_name(2) in complaints[0]


@pytest.mark.parametrize("left", ["a copy of the file", "nothing"])
def test_a_backup_that_did_not_keep_the_link_serves_the_newest_generation(state: Path, left: str) -> None:
    """All but the one that was only tried out, until control publishes again."""
    publish(state, _tables(1))
    publish(state, _tables(2))
    publish(state, _tables(3), link_name=store.STAGED)
    content = (state / store.CURRENT).read_bytes()
    (state / store.CURRENT).unlink()
    if left == "a copy of the file":
        (state / store.CURRENT).write_bytes(content)
    assert (current_generation(state), current_generation(state, staged=True)) == (2, 3)
    assert load(state) == (_tables(2), [])
    publish(state, _tables(4))
    assert (state / store.CURRENT).is_symlink()
    assert load(state) == (_tables(4), [])


def test_a_copy_of_what_was_tried_out_is_cleared_away(state: Path) -> None:
    publish(state, _tables(1))
    (state / store.STAGED).write_bytes(encode(_tables(1)))
    store.unstage(state)
    assert not (state / store.STAGED).exists()
    assert load(state) == (_tables(1), [])


def test_another_format_version_is_refused_with_both_numbers() -> None:
    import hashlib

    body = encode(_tables(1)).partition(b"\n")[2].replace(b'"version":2', b'"version":9')
    with pytest.raises(TablesError, match="format version 9, this Weir reads 2"):
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


def test_what_readers_obey_was_published_though_the_disk_cannot_sync_it(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or control would go on to edit the file of clients that nobody reads any more."""

    def broken(_: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(store, "sync_folder", broken)
    publish(state, _tables(1))
    assert load(state)[0].generation == 1


def test_garbage_is_what_no_kept_generation_names(state: Path) -> None:
    for generation in range(1, 9):
        name = f"snapshot-{generation}.weir"
        (state / name).write_bytes(b"x")
        _write_clients(state / f"clients-{generation}.weir")
        publish(state, _tables(generation, name, f"clients-{generation}.weir"))
    (state / ".half.tmp").write_bytes(b"x")
    collect_garbage(state, keep=3)
    assert sorted(path.name for path in state.iterdir()) == [
        "clients-6.weir",
        "clients-7.weir",
        "clients-8.weir",
        "current",
        "snapshot-6.weir",
        "snapshot-7.weir",
        "snapshot-8.weir",
        "tables-00000006.json",
        "tables-00000007.json",
        "tables-00000008.json",
    ]
