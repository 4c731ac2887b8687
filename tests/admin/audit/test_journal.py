"""The journal of what is staged: read back as it was added, whatever stood there before and wherever it is torn."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.audit import journal
from admin.audit.append import EMPTY, grow
from admin.audit.bundles import Bundle, Tree, bundles_in
from admin.audit.disk import Disk
from admin.audit.journal import Journal


def _chain(count: int, word: bytes) -> list[Bundle]:
    """So many appends of one leaf each, all of the same length."""
    edge, found = EMPTY, []
    for number in range(count):
        leaves = [word + b"%03d" % number]
        after = grow(edge, leaves).after
        trees = Tree(edge.size, edge.root), Tree(after.size, after.root)
        found.append(Bundle(*trees, leaves, {f"cp/{number:03d}": word}))
        edge = after
    return found


@pytest.fixture
def made(tmp_path: Path) -> Journal:
    """An empty one."""
    return Journal(tmp_path / "journal", Disk(tmp_path))


def test_what_was_added_comes_back_in_its_order(made: Journal, tmp_path: Path) -> None:
    chain = _chain(5, b"a")
    for bundle in chain:
        made.add(bundle)
        assert made.last() == bundle
    assert Journal(tmp_path / "journal", Disk(tmp_path)).read() == chain


@pytest.mark.parametrize("word", [b"b", b"bb"])
def test_what_an_earlier_round_left_is_passed_over(made: Journal, word: bytes) -> None:
    for bundle in _chain(5, b"a"):
        made.add(bundle)
    made.rewind()
    assert made.read() == []
    chain = _chain(3, word)
    for bundle in chain:
        made.add(bundle)
    assert made.read() == chain


def test_a_large_journal_gives_its_room_back(
    made: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEPT", 300)
    chain = _chain(5, b"a")
    for bundle in chain:
        made.add(bundle)
    made.rewind()
    assert not (tmp_path / "journal").exists()
    made.add(chain[0])
    assert made.read() == chain[:1]


@given(st.data())
def test_what_stands_before_a_torn_place_comes_back(data: st.DataObject) -> None:
    chain = _chain(4, b"a")
    parts = [bundle.encode() for bundle in chain]
    whole = b"".join(parts)
    at = data.draw(st.integers(0, len(whole) - 1))
    good = sum(len(b"".join(parts[: number + 1])) <= at for number in range(4))
    for torn in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :]):
        assert list(bundles_in(torn)) == chain[:good]
