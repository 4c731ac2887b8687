"""Entries over the versions of their list: ages, breaks, what is to be looked at again; never of a secret list."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from blocklists import entry_life
from blocklists.entry_life import EntryLives
from blocklists.formats import read
from blocklists.ledger import Since
from blocklists.list_store import ListStore
from blocklists.model import Confidentiality, Kind, ListSource, ListVersion
from blocklists.properties import Handling
from blocklists.records import Pin

Make = Callable[..., ListSource]
DAY = 86_400.0


class Life:
    """A list whose versions serve one after the other, a day apart."""

    def __init__(self, folder: Path, source: ListSource) -> None:
        self.store, self.source, self.now = ListStore(folder), source, 0.0
        self.entries = EntryLives(self.store, {"co.uk"})

    def serve(self, text: bytes, *, follow: bool = True) -> None:
        self.now += DAY
        version = ListVersion("test", text, hashlib.sha256(text).hexdigest(), self.now)
        self.store.accept(self.source, version, read(self.source, text)[1], now=self.now)
        if follow:
            assert self.entries.follow(self.source, self.now)
        else:
            self.now += DAY

    def since(self, name: str) -> float:
        since = self.entries.since(self.source, name)
        assert since is not None
        return since.at

    def due(self, days: float, **page: int) -> tuple[list[str], int | None]:
        part = self.entries.review(self.source, self.now + days * DAY, **({"after": 0, "limit": 100} | page))
        assert part is not None
        return [entry.name for entry, _ in part.entries], part.after


@pytest.fixture
def life(tmp_path: Path, source: Make) -> Life:
    return Life(tmp_path, source(handling=Handling(review_after=10 * DAY)))


def test_entries_are_as_old_as_their_unbroken_stay(life: Life) -> None:
    life.serve(b"a.example\nb.example\n")
    life.serve(b"b.example\nc.example\n")
    life.serve(b"a.example\nb.example\nc.example\n")
    assert not life.entries.follow(life.source, life.now)
    assert {name: life.since(f"{name}.example") / DAY for name in "abc"} == {"a": 3, "b": 1, "c": 2}
    assert life.entries.since(life.source, "c.example") == Since(
        2 * DAY, _digest(b"b.example\nc.example\n"), True
    )
    notes = life.entries.notes(life.source)
    assert notes is not None
    assert [(step.added, step.removed) for step in notes.steps] == [(1, 1), (1, 0)]


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def test_what_a_crash_left_undone_is_caught_up(life: Life) -> None:
    life.serve(b"a.example\n")
    life.serve(b"a.example\nb.example\n", follow=False)
    life.serve(b"a.example\nb.example\nc.example\n")
    assert life.since("a.example") == DAY
    assert life.since("c.example") == 4 * DAY


def test_a_rollback_is_a_break(life: Life) -> None:
    life.serve(b"a.example\n")
    life.serve(b"b.example\n")
    chosen, refused = life.store.roll_back(life.source, "")
    life.store.decide(
        "test", replace(life.store.life("test"), pin=Pin(chosen.digest, refused, False, 1.0, "w", "w"))
    )
    assert life.entries.follow(life.source, 5 * DAY)
    assert life.since("a.example") == 5 * DAY


@pytest.mark.parametrize("lost", ["ledger", "text"])
def test_a_ledger_that_cannot_go_on_begins_again(lost: str, life: Life, tmp_path: Path) -> None:
    life.serve(b"a.example\n")
    first = _digest(b"a.example\n")
    path = tmp_path / "test" / ("ledger" if lost == "ledger" else f"content-{first}")
    path.write_bytes(b"damaged")
    life.serve(b"a.example\nb.example\n")
    assert life.entries.since(life.source, "a.example") == Since(
        2 * DAY, _digest(b"a.example\nb.example\n"), exact=False
    )


def test_what_is_old_is_to_be_looked_at_again(life: Life) -> None:
    life.serve(b"# head\na.example\nco.uk\nb.example\n")
    life.serve(b"c.example\na.example\nco.uk\n")
    assert life.due(8.9) == ([], None)
    assert life.due(9.0) == (["a.example"], None)
    assert life.due(10.0) == (["c.example", "a.example"], None)


def test_the_queue_comes_in_pages(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"n{number}.example" for number in range(7)]
    life.serve("\n".join(names).encode())
    found, after = life.due(10, limit=3)
    assert (found, after) == (names[:3], 3)
    found, after = life.due(10, limit=100, after=3)
    assert (found, after) == (names[3:], None)
    monkeypatch.setattr(entry_life, "MOST_SCANNED", 2)
    assert life.due(10, limit=100) == (names[:2], 2)
    assert life.due(1, limit=100) == ([], 2)


def test_lists_without_a_review_have_no_queue(tmp_path: Path, source: Make) -> None:
    plain = Life(tmp_path, source())
    plain.serve(b"a.example\n")
    assert plain.entries.review(plain.source, 1e12, after=0, limit=10) is None


def test_nothing_is_kept_of_a_secret_list(tmp_path: Path, source: Make) -> None:
    life = Life(tmp_path, source(handling=Handling(review_after=DAY)))
    life.serve(b"a.example\n")
    life.source = replace(life.source, kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET)
    assert not life.entries.follow(life.source, life.now)
    assert life.entries.since(life.source, "a.example") is None
    assert life.entries.notes(life.source) is None
    assert life.entries.review(life.source, 1e12, after=0, limit=10) is None
    life.store.forget_text("test")
    assert not (tmp_path / "test" / "ledger").exists()


def test_versions_are_compared_by_their_texts(life: Life) -> None:
    life.serve(b"a.example\n")
    life.serve(b"b.example\n")
    found = life.entries.difference(life.source, _digest(b"a.example\n"), _digest(b"b.example\n"))
    assert found is not None
    assert ([entry.name for entry in found.added], [entry.name for entry in found.removed]) == (
        ["b.example"],
        ["a.example"],
    )
    with pytest.raises(LookupError):
        life.entries.difference(life.source, "0" * 64, _digest(b"b.example\n"))
