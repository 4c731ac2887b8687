"""Since when entries are listed: without a break, over restarts, and never by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocklists.differences import Difference
from blocklists.ledger import KEPT_STEPS, Ledger, Since, entry_digest, read_ledger, write_ledger
from blocklists.model import Entry, Scope

KEY = b"k" * 32


def entry(name: str) -> Entry:
    return Entry(f"{name}.example", Scope.DOMAIN)


def changed(added: str = "", removed: str = "") -> Difference:
    return Difference(tuple(map(entry, added)), tuple(map(entry, removed)))


def test_an_entry_is_as_old_as_the_version_that_brought_it() -> None:
    ledger = Ledger.begun("v1", 100.5).advanced(KEY, "v2", 200.5, changed("ab"))
    assert ledger.since(KEY, entry("a")) == Since(200.0, "v2", exact=True)
    assert ledger.since(KEY, entry("x")) == Since(100.5, "v1", exact=False)


def test_an_entry_that_went_and_came_back_is_as_old_as_its_return() -> None:
    ledger = Ledger.begun("v1", 100.0)
    for version, at, added, removed in (
        ("v2", 200.0, "a", ""),
        ("v3", 300.0, "", "ax"),
        ("v4", 400.0, "ax", ""),
    ):
        ledger = ledger.advanced(KEY, version, at, changed(added, removed))
    assert ledger.since(KEY, entry("a")) == Since(400.0, "v4", exact=True)
    assert ledger.since(KEY, entry("x")) == Since(400.0, "v4", exact=True)
    assert [(step.version, step.added, step.removed) for step in ledger.notes.steps] == [
        ("v2", 1, 0),
        ("v3", 0, 2),
        ("v4", 2, 0),
    ]


def test_scopes_and_actions_are_entries_of_their_own() -> None:
    scopes = {entry_digest(KEY, Entry("a.example", scope)) for scope in Scope}
    assert len(scopes) == len(Scope)


STEPS = st.lists(
    st.tuples(st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh"))), max_size=6
)


@given(steps=STEPS)
def test_it_agrees_with_a_plain_dictionary(steps: list[tuple[set[str], set[str]]]) -> None:
    ledger, known = Ledger.begun("v0", 0.0), dict[str, float]()
    for number, (added, removed) in enumerate(steps, start=1):
        ledger = ledger.advanced(
            KEY, f"v{number}", float(number), changed("".join(added), "".join(removed - added))
        )
        for name in removed - added:
            known.pop(name, None)
        known.update(dict.fromkeys(added, float(number)))
    assert list(ledger.digests) == sorted(ledger.digests)
    assert len(ledger.digests) == len(ledger.times) == len(known)
    for name in "abcdefgh":
        assert ledger.since(KEY, entry(name)).at == known.get(name, 0.0)


def test_it_comes_back_from_the_disk_and_holds_no_name(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger.begun("v1", 100.5).advanced(KEY, "v2", 200.5, changed("ab"))
    write_ledger(path, ledger)
    assert read_ledger(path) == ledger
    assert b"example" not in path.read_bytes()


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "absent", "other"])
def test_damage_is_recognised(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    write_ledger(path, Ledger.begun("v1", 100.0).advanced(KEY, "v2", 200.0, changed("ab")))
    data = path.read_bytes()
    match damage:
        case "flip":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "cut":
            path.write_bytes(data[:-16])
        case "empty":
            path.write_bytes(b"")
        case "absent":
            path.unlink()
        case _:
            path.write_bytes(b"0" * 64 + b"\nweir ledger 1\n{}\n")
    assert read_ledger(path) is None


def test_steps_are_bounded_and_times_outlive_them() -> None:
    ledger = Ledger.begun("v0", 0.0)
    for number in range(1, KEPT_STEPS + 10):
        ledger = ledger.advanced(KEY, f"v{number}", float(number), changed("a" if number == 1 else ""))
    assert len(ledger.notes.steps) == KEPT_STEPS
    assert ledger.since(KEY, entry("a")) == Since(1.0, "", exact=True)
