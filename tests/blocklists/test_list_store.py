"""The store: what survives crashes, damage and full disks, and what is never written."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from blocklists import list_store
from blocklists.durable import write_record
from blocklists.gates import Gate, GateFailure
from blocklists.list_store import ListStore, ReleaseError
from blocklists.model import Confidentiality, Kind, ListCounts, ListSource, ListVersion, SkipReason
from blocklists.records import ListLife, ListState, Serving

Make = Callable[..., ListSource]
COUNTS = ListCounts(
    lines=3,
    accepted=1,
    skipped={SkipReason.COMMENT: 1, SkipReason.MALFORMED: 1},
    entries=1,
    first_bad_lines=((3, SkipReason.MALFORMED),),
)
FAILURE = GateFailure(Gate.SHRINK, "It shrank.", "Look.")


def _version(text: str, *, fetched: float = 100.0) -> ListVersion:
    data = text.encode()
    return ListVersion("test", data, hashlib.sha256(data).hexdigest(), fetched, '"e"', "then")


def _held(store: ListStore, source: ListSource, version: ListVersion) -> None:
    held = store.hold(source, version, COUNTS, (FAILURE,))
    store.note(source.id, replace(store.attempt(source.id), at=200.0, state=ListState.HELD, held=held))


def test_an_accepted_version_comes_back_whole(tmp_path: Path, source: Make) -> None:
    ListStore(tmp_path).accept(source(), _version("one"), COUNTS)
    store = ListStore(tmp_path)
    assert store.load("test") == _version("one")
    serving = store.serving("test")
    assert serving is not None
    assert serving.counts == COUNTS


def _texts(folder: Path) -> set[str]:
    return {path.name.removeprefix("content-") for path in folder.glob("test/content-*")}


def test_the_five_last_accepted_texts_are_kept(tmp_path: Path, source: Make) -> None:
    store = ListStore(tmp_path)
    versions = [_version(f"v{number}", fetched=number) for number in range(7)]
    for number, version in enumerate(versions):
        store.accept(source(), version, COUNTS, now=1000.0 + number)
    kept = [version.digest for version in reversed(versions[2:])]
    assert [item.digest for item in store.versions("test")] == kept
    assert [(item.fetched, item.accepted) for item in store.versions("test")][:2] == [
        (6, 1006.0),
        (5, 1005.0),
    ]
    assert _texts(tmp_path) == set(kept)
    assert store.load("test") == versions[-1]


def test_a_version_that_comes_again_is_the_newest_and_kept_once(tmp_path: Path, source: Make) -> None:
    store = ListStore(tmp_path)
    for text in ("one", "two", "one"):
        store.accept(source(), _version(text), COUNTS)
    assert [item.digest for item in store.versions("test")] == [
        _version("one").digest,
        _version("two").digest,
    ]


def test_versions_of_another_source_are_not_kept(tmp_path: Path, source: Make) -> None:
    store = ListStore(tmp_path)
    store.accept(source(), _version("one"), COUNTS)
    store.accept(source(url="https://elsewhere.example/list"), _version("two"), COUNTS)
    assert [item.digest for item in store.versions("test")] == [_version("two").digest]
    assert _texts(tmp_path) == {_version("two").digest}


def test_what_an_older_weir_kept_serves_until_the_next_version(tmp_path: Path, source: Make) -> None:
    store = ListStore(tmp_path)
    store.accept(source(), _version("one"), COUNTS)
    (row,) = store.versions("test")
    (tmp_path / "test" / "versions.json").unlink()
    write_record(tmp_path / "test" / "serving.json", TypeAdapter(Serving), row)
    assert store.load_for(source()) == _version("one")
    assert store.is_known("test")
    store.accept(source(), _version("two"), COUNTS)
    assert [item.digest for item in store.versions("test")] == [
        _version("two").digest,
        _version("one").digest,
    ]
    assert not (tmp_path / "test" / "serving.json").exists()


def test_a_source_that_confirms_a_version_changes_its_validators_only(tmp_path: Path, source: Make) -> None:
    store = ListStore(tmp_path)
    for text in ("one", "two"):
        store.accept(source(), _version(text), COUNTS)
    store.confirm(source(), replace(_version("one", fetched=300.0), etag='"f"'))
    newest, before = store.versions("test")
    assert (newest.digest, newest.etag) == (_version("two").digest, '"e"')
    assert (before.digest, before.etag, before.fetched) == (_version("one").digest, '"f"', 300.0)


def test_an_empty_store_knows_nothing(tmp_path: Path) -> None:
    store = ListStore(tmp_path / "not-yet")
    assert store.load("test") is None
    status = store.status("test", now=5.0)
    assert (status.state, status.serving_digest, status.entries, status.age) == (ListState.NEVER, "", 0, None)
    assert not (tmp_path / "not-yet").exists()


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
@pytest.mark.parametrize("name", ["content", "versions"])
def test_damage_is_recognised(damage: str, name: str, tmp_path: Path, source: Make) -> None:
    store = ListStore(tmp_path)
    store.accept(source(), _version("bets.example"), COUNTS)
    (path,) = (tmp_path / "test").glob(f"{name}*")
    data = path.read_bytes()
    match damage:
        case "flip":
            path.write_bytes(bytes((data[0] ^ 1,)) + data[1:])
        case "cut":
            path.write_bytes(data[:-1])
        case _:
            path.unlink()
    assert store.load("test") is None


@pytest.mark.parametrize("failing", [1, 2])
def test_a_full_disk_keeps_the_old_version(
    failing: int, tmp_path: Path, source: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ListStore(tmp_path)
    store.accept(source(), _version("one"), COUNTS)
    steps = [0]

    def fsync(handle: int) -> None:
        steps[0] += 1
        if steps[0] >= failing * 2 - 1:  # each file is synced, then its folder
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        store.accept(source(), _version("two"), COUNTS)
    assert ListStore(tmp_path).load("test") == _version("one")


def test_a_crash_before_the_record_leaves_the_old_version(
    tmp_path: Path, source: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ListStore(tmp_path)
    store.accept(source(), _version("one"), COUNTS)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(list_store, "write_record", crash)
    with pytest.raises(KeyboardInterrupt):
        store.accept(source(), _version("two"), COUNTS)
    assert store.load("test") == _version("one")


def test_a_held_version_is_released_by_its_digest_and_once(tmp_path: Path, source: Make) -> None:
    store = ListStore(tmp_path)
    store.accept(source(), _version("one"), COUNTS)
    _held(store, source(), _version("two", fetched=200.0))
    with pytest.raises(ReleaseError, match=_version("two").digest):
        store.accept_held(source(), _version("three").digest)
    assert store.load("test") == _version("one")
    assert store.accept_held(source(), _version("two").digest)
    loaded = store.load("test")
    assert loaded is not None
    assert (loaded.data, loaded.fetched) == (b"two", 200.0)
    with pytest.raises(ReleaseError, match="no version is held"):
        store.accept_held(source(), _version("two").digest)
    assert _texts(tmp_path) == {_version("one").digest, _version("two").digest}


@pytest.mark.parametrize(
    ("length", "fits"), [(11, False), (12, True), (40, True), (64, True)], ids=["short", "12", "40", "whole"]
)
def test_the_beginning_of_a_digest_names_a_held_version(
    length: int, fits: bool, tmp_path: Path, source: Make
) -> None:
    store = ListStore(tmp_path)
    _held(store, source(), _version("two"))
    beginning = _version("two").digest[:length].upper()
    if not fits:
        with pytest.raises(ReleaseError, match="nothing to release"):
            store.accept_held(source(), beginning)
        return
    assert store.accept_held(source(), beginning)
    serving = store.serving("test")
    assert serving is not None
    assert serving.digest == _version("two").digest
    assert store.load("test") is not None


def test_the_newest_refused_version_replaces_the_one_before(tmp_path: Path, source: Make) -> None:
    store = ListStore(tmp_path)
    _held(store, source(), _version("two"))
    _held(store, source(), _version("three"))
    assert _texts(tmp_path) == {_version("three").digest}
    held = store.status("test", now=0.0).held
    assert held is not None
    assert (held.digest, held.counts, held.failures) == (_version("three").digest, COUNTS, (FAILURE,))


def test_the_text_of_a_secret_list_never_touches_the_disk(tmp_path: Path, source: Make) -> None:
    secret = source(kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET)
    store = ListStore(tmp_path)
    store.accept(secret, _version("canary-one.example"), COUNTS)
    _held(store, secret, _version("canary-two.example"))
    assert not store.accept_held(secret, _version("canary-two.example").digest)
    assert store.attempt("test").released == _version("canary-two.example").digest
    assert store.load("test") is None
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"canary" not in path.read_bytes()
        assert "canary" not in path.name


def test_text_is_forgotten_when_a_list_becomes_secret(tmp_path: Path, source: Make) -> None:
    store = ListStore(tmp_path)
    store.accept(source(), _version("one"), COUNTS)
    _held(store, source(), _version("two"))
    store.forget_text("test")
    assert sorted(path.name for path in (tmp_path / "test").iterdir()) == ["attempt.json", "versions.json"]


@pytest.mark.parametrize("list_id", ["", "..", "../x", "a/b", ".hidden", "a\0b", "x" * 200])
def test_an_id_that_would_leave_the_folder_is_refused(list_id: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a list's id has"):
        ListStore(tmp_path).load(list_id)


def test_what_was_decided_is_remembered_whether_a_list_is_configured_or_not(tmp_path: Path) -> None:
    store = ListStore(tmp_path)
    assert store.remembered() == frozenset()
    for name in ("bets", "gone"):
        store.decide(name, ListLife(announced="d" * 64))
    for name in (".hidden", "no id", "empty"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "other.json").write_text("{}")
    (tmp_path / "no id" / "life.json").write_text("{}")
    assert store.remembered() == {"bets", "gone"}
