"""The store is killed, or its disk fills, at every step of everything it does: the old state holds or the new one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from blocklists.differences import Difference
from blocklists.ledger import Ledger, read_ledger, write_ledger
from blocklists.list_store import ListStore
from blocklists.model import Entry, ListCounts, ListSource, ListVersion, Scope
from blocklists.records import ListLife, ListState, Pin, Suspension

Make = Callable[..., ListSource]
Act = Callable[[ListStore, ListSource], None]
COUNTS = ListCounts(lines=1, accepted=1, entries=1)


class Killed(BaseException):
    """The process ends here: no handler of the code may tidy up."""


class Faults:
    """Counts the steps that touch the disk, and lets one of them fail."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], BaseException] | None, at: int
    ) -> None:
        self.steps, self._fault, self._at = 0, fault, at
        for owner, name in ((os, "fsync"), (Path, "open"), (Path, "rename"), (Path, "unlink")):
            monkeypatch.setattr(owner, name, self._wrapped(getattr(owner, name), name))

    def _wrapped(self, real: Callable[..., object], name: str) -> Callable[..., object]:
        def step(*args: object, **options: object) -> object:
            writes = name != "open" or "w" in str(args[1:2]) or "w" in str(options.get("mode", ""))
            if writes:
                self.steps += 1
                if self._fault is not None and self.steps == self._at:
                    raise self._fault()
            return real(*args, **options)

        return step


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def version(text: str) -> ListVersion:
    data = f"{text}.example\n".encode()
    return ListVersion("test", data, hashlib.sha256(data).hexdigest(), 100.0)


def accept(store: ListStore, source: ListSource) -> None:
    store.accept(source, version("three"), COUNTS)


def accept_again(store: ListStore, source: ListSource) -> None:
    store.accept(source, version("one"), COUNTS)


def confirm(store: ListStore, source: ListSource) -> None:
    store.confirm(source, replace(version("two"), etag="new"))


def hold(store: ListStore, source: ListSource) -> None:
    held = store.hold(source, version("held"), COUNTS, ())
    store.note("test", replace(store.attempt("test"), state=ListState.HELD, held=held))


def release(store: ListStore, source: ListSource) -> None:
    store.accept_held(source, version("waiting").digest)


def pin(store: ListStore, source: ListSource) -> None:
    chosen, refused = store.roll_back(source, "")
    store.decide(
        "test", replace(store.life("test"), pin=Pin(chosen.digest, refused, False, 1.0, "why", "who"))
    )


def suspend(store: ListStore, source: ListSource) -> None:
    store.decide("test", replace(store.life("test"), suspension=Suspension(1.0, None, "why", "who")))


ACTS = [accept, accept_again, confirm, hold, release, pin, suspend]
SERVES_AFTER = {
    accept: "three",
    accept_again: "one",
    confirm: "two",
    hold: "two",
    release: "waiting",
    pin: "one",
    suspend: "two",
}


def prepared(folder: Path, source: ListSource) -> ListStore:
    """Versions one and two, of which two serves, and one that waits."""
    store = ListStore(folder)
    for text in ("one", "two"):
        store.accept(source, version(text), COUNTS)
    held = store.hold(source, version("waiting"), COUNTS, ())
    store.note("test", replace(store.attempt("test"), state=ListState.HELD, held=held))
    return store


def steps_of(act: Act, folder: Path, source: ListSource) -> int:
    store = prepared(folder, source)
    with pytest.MonkeyPatch.context() as patched:
        faults = Faults(patched, None, 0)
        act(store, source)
    return faults.steps


@pytest.mark.parametrize("fault", [Killed, full], ids=["killed", "full"])
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_every_step_leaves_the_old_state_or_the_new_one(
    act: Act, fault: Callable[[], BaseException], tmp_path: Path, source: Make
) -> None:
    wanted = source()
    steps = steps_of(act, tmp_path / "whole", wanted)
    assert steps >= 2
    for at in range(1, steps + 1):
        folder = tmp_path / str(at)
        store = prepared(folder, wanted)
        with pytest.MonkeyPatch.context() as patched:
            Faults(patched, fault, at)
            with contextlib.suppress(Killed, OSError):
                act(store, wanted)
        again = ListStore(folder)  # as the next process finds it
        loaded = again.load_for(wanted)
        assert loaded is not None, (act.__name__, at)
        assert loaded.data in (version("two").data, version(SERVES_AFTER[act]).data), (act.__name__, at)
        assert not again.life_is_lost("test")
        act_again_if_needed(act, again, wanted)
        done = again.load_for(wanted)
        assert done is not None
        assert done.data == version(SERVES_AFTER[act]).data, (act.__name__, at)
        kept = {item.digest for item in again.versions("test")}
        held = again.attempt("test").held
        texts = {path.name.removeprefix("content-") for path in folder.glob("test/content-*")}
        assert texts == kept | ({held.digest} if held else set()), (act.__name__, at)


def act_again_if_needed(act: Act, store: ListStore, source: ListSource) -> None:
    """What did not happen is done again, as the next refresh or the operator would."""
    loaded = store.load_for(source)
    assert loaded is not None
    if act in (release, pin) and loaded.data == version(SERVES_AFTER[act]).data:
        store.note("test", replace(store.attempt("test"), held=None))
        return
    act(store, source)


@pytest.mark.parametrize("fault", [Killed, full], ids=["killed", "full"])
def test_a_ledger_is_the_old_one_or_the_new_one(fault: Callable[[], BaseException], tmp_path: Path) -> None:
    path, old = tmp_path / "ledger", Ledger.begun("v1", 1.0)
    new = old.advanced(b"k" * 32, "v2", 2.0, Difference((Entry("a.example", Scope.DOMAIN),)))
    for at in range(1, 6):
        write_ledger(path, old)
        with pytest.MonkeyPatch.context() as patched:
            Faults(patched, fault, at)
            with contextlib.suppress(Killed, OSError):
                write_ledger(path, new)
        assert read_ledger(path) in (old, new)


@pytest.mark.parametrize("name", ["versions.json", "attempt.json", "life.json"])
@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 64 + b"\n{}"], ids=["empty", "short", "wrong"])
def test_a_damaged_record_never_serves_something_else(
    name: str, damage: bytes, tmp_path: Path, source: Make
) -> None:
    wanted = source()
    store = prepared(tmp_path, wanted)
    suspend(store, wanted)
    (tmp_path / "test" / name).write_bytes(damage)
    loaded = store.load_for(wanted)
    assert loaded is None if name == "versions.json" else loaded == replace(version("two"))
    assert store.is_known("test")  # so that control does not compile without the list
    assert store.life_is_lost("test") is (name == "life.json")
    assert (store.life("test") == ListLife()) is (name == "life.json")


def test_a_writer_that_comes_second_finds_what_the_first_wrote(tmp_path: Path, source: Make) -> None:
    first, second = ListStore(tmp_path), ListStore(tmp_path)
    first.accept(source(), version("one"), COUNTS)
    second.accept(source(), version("two"), COUNTS)
    assert [item.digest for item in first.versions("test")] == [version("two").digest, version("one").digest]
    pin(first, source())
    loaded = second.load_for(source())
    assert loaded is not None
    assert loaded.data == version("one").data
