"""The canary among a list's compiled entries."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from blocklists.canaries import canary_of
from blocklists.canonical import to_wire
from blocklists.model import Kind, ListSource
from blocklists.properties import Handling
from blocklists.snapshot.compiler import compile_snapshot
from blocklists.snapshot.reader import SnapshotReader

KEY = bytes(range(32))


def _source(kind: Kind = Kind.CATEGORY, format_: str = "domains", canary: str = "canary.test") -> ListSource:
    return ListSource("one", "file:/list", format_, kind, ("gambling",), handling=Handling(canary=canary))


@pytest.fixture
def bits_of(tmp_path: Path) -> Callable[[ListSource, bytes, str], int]:
    def look(source: ListSource, text: bytes, name: str) -> int:
        path = tmp_path / "table.weir"
        report = compile_snapshot([(source, text)], path, key=KEY, now=1_700_000_000, suffixes=())
        assert report.counts["one"].entries == sum(not line.startswith(b"#") for line in text.splitlines())
        with contextlib.closing(SnapshotReader.open(path)) as reader:
            return reader.look_up(to_wire(name))[0]

    return look


@pytest.mark.parametrize("text", [b"bets.example\n", b"", b"# nothing\n"])
def test_it_is_enforced_by_the_bits_of_its_list_and_not_counted(
    bits_of: Callable[[ListSource, bytes, str], int], text: bytes
) -> None:
    assert bits_of(_source(), text, "canary.test") != 0
    assert bits_of(_source(), b"bets.example\n", "canary.test") == bits_of(
        _source(), b"bets.example\n", "bets.example"
    )


@pytest.mark.parametrize("name", ["weir-control.canary.test", "test", "other.test"])
def test_nothing_beside_it_is_listed(bits_of: Callable[[ListSource, bytes, str], int], name: str) -> None:
    assert bits_of(_source(), b"bets.example\n", name) == 0


def test_an_exception_of_the_list_does_not_lift_it(bits_of: Callable[[ListSource, bytes, str], int]) -> None:
    text = b"||bets.example^\n@@||canary.test^\n"
    assert bits_of(_source(format_="adblock"), text, "canary.test") != 0


def test_lists_without_something_to_see_have_none() -> None:
    assert canary_of(_source(Kind.PROTECTED)) is None
    assert canary_of(_source(canary="")) is None


def test_another_canary_is_another_snapshot(tmp_path: Path) -> None:
    digests = {
        compile_snapshot(
            [(_source(canary=name), b"bets.example\n")], tmp_path / "t", key=KEY, now=1, suffixes=()
        ).digest
        for name in ("a.test", "b.test", "")
    }
    assert len(digests) == 3
