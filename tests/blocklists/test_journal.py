"""Edits on disk: durable, whole or not at all, and readable whatever became of the file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklists.edits import Change, Edit
from blocklists.journal import Journal, append_edits, read_journal, tidy_journal
from blocklists.list_store import ListStore
from blocklists.model import Confidentiality, Kind, ListSource, Scope

ONE = Edit(Change.ADD, "one.example", Scope.DOMAIN)
TWO = Edit(Change.REMOVE, "two.example", Scope.HOST)
THREE = Edit(Change.TAKE_BACK, "one.example", Scope.DOMAIN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "edits"


def test_what_is_appended_is_read(path: Path) -> None:
    assert read_journal(path).edits == ()
    append_edits(path, [ONE, TWO])
    append_edits(path, [THREE])
    journal = read_journal(path)
    assert (journal.edits, journal.damaged) == ((ONE, TWO, THREE), 0)


def test_a_torn_tail_is_passed_over_and_cut_off(path: Path) -> None:
    append_edits(path, [ONE])
    first = path.stat().st_size
    append_edits(path, [TWO])
    whole = path.read_bytes()
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        assert read_journal(path).edits == (ONE,)
        append_edits(path, [THREE])
        assert read_journal(path).edits == (ONE, THREE)
        assert read_journal(path).damaged == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_damage_costs_one_record(path: Path, place: int, change: int) -> None:
    path.unlink(missing_ok=True)
    for edit in (ONE, TWO, THREE):
        append_edits(path, [edit])
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= change
    path.write_bytes(bytes(data))
    journal = read_journal(path)
    assert len(journal.edits) >= 1
    assert set(journal.edits) < {ONE, TWO, THREE}


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_a_full_disk_keeps_what_was_there(path: Path, failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    append_edits(path, [ONE])
    before = path.read_bytes()

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(OSError, match="No space"):
        append_edits(path, [TWO])
    monkeypatch.undo()
    assert path.read_bytes() == before


def test_what_is_superseded_is_dropped_when_it_is_much(path: Path) -> None:
    append_edits(path, [ONE, TWO] * 400)
    tidy_journal(path)
    assert len(read_journal(path).edits) == 800
    append_edits(path, [ONE, TWO] * 400)
    tidy_journal(path)
    assert read_journal(path).edits == (ONE, TWO)
    append_edits(path, [THREE] * 1500)
    tidy_journal(path)
    assert read_journal(path).edits == (TWO,)


def test_notes_are_kept_with_their_edits_and_survive_tidying(path: Path) -> None:
    append_edits(path, [ONE], "first")
    append_edits(path, [TWO])
    append_edits(path, [ONE, TWO] * 800, "second")
    tidy_journal(path)
    assert read_journal(path) == Journal((ONE, TWO), 0, ("first", "second"))
    torn = path.read_bytes()[:-2]
    path.write_bytes(torn)
    assert read_journal(path).notes == ("first",)


def test_a_list_that_becomes_secret_forgets_its_edits(tmp_path: Path) -> None:
    store = ListStore(tmp_path)
    source = ListSource("watch", "file:/w", "domains", Kind.ILLEGAL)
    store.edit(source, [ONE])
    assert store.edits("watch").edits == (ONE,)
    store.forget_text("watch")
    assert store.edits("watch").edits == ()
    secret = ListSource("watch", "file:/w", "domains", Kind.ILLEGAL, confidentiality=Confidentiality.SECRET)
    with pytest.raises(ValueError, match="secret"):
        store.edit(secret, [ONE])
    assert list((tmp_path / "watch").iterdir()) == []
