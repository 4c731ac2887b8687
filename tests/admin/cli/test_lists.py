"""``weir lists status``: what serves, and since when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from admin.cli.lists import _ago
from admin.config import load
from admin.services.build import sources
from admin.services.place import Place
from blocklists.list_store import ListStore
from blocklists.model import ListCounts, ListVersion
from blocklists.records import Attempt, ListState

Run = Callable[..., tuple[int, str, str]]


def serve(folder: Path, state: ListState = ListState.ACCEPTED) -> None:
    """Let every list serve a version of two entries since two hours."""
    then = time.time() - 7300
    place = Place(folder / "var")
    place.create()
    store = ListStore(place.lists)
    for source in sources(load(folder / "weir.yaml")):
        version = ListVersion(source.id, b"a.example\nb.example\n", "d" * 64, then)
        store.accept(source, version, ListCounts(lines=2, accepted=2, entries=2))
        store.note(source.id, Attempt(at=then, state=state, message="", success=then))


def test_lists_that_never_came_are_a_failure(weir: Run) -> None:
    status, out, _ = weir("lists", "status")
    assert status == 1
    assert out.splitlines()[0].split() == [
        "list",
        "kind",
        "state",
        "entries",
        "current",
        "as",
        "of",
        "serving",
        "message",
    ]
    assert out.splitlines()[1].split() == ["bets", "category", "never", "0", "never", "nothing"]


def test_lists_that_serve(weir: Run, folder: Path) -> None:
    serve(folder)
    status, out, _ = weir("lists", "status")
    assert status == 0
    assert "bets   category  accepted  2        2 h ago        dddddddddddd" in out
    assert "vault  illegal   accepted  secret   2 h ago" in out


def test_json_keeps_the_number_of_secret_entries(weir: Run, folder: Path) -> None:
    serve(folder)
    bets, vault = json.loads(weir("lists", "status", "--json")[1])
    assert set(bets) == {"id", "kind", "state", "entries", "age", "serving", "message"}
    assert (bets["id"], bets["entries"], vault["entries"]) == ("bets", 2, None)
    assert 7300 <= bets["age"] < 7400


@pytest.mark.parametrize("state", [ListState.HELD, ListState.FAILED])
def test_a_list_in_trouble_is_a_failure(weir: Run, folder: Path, state: ListState) -> None:
    serve(folder, state)
    assert weir("lists", "status")[0] == 1


def test_no_lists_are_no_table(weir: Run, folder: Path) -> None:
    (folder / "weir.yaml").write_text("resolver: {upstreams: [127.0.0.1:1]}\n")
    assert weir("lists", "status") == (0, "no lists are configured\n", "")


def test_a_broken_configuration_is_status_2(weir: Run, folder: Path) -> None:
    (folder / "weir.yaml").write_text("nod: x\n")
    assert weir("lists", "status")[0] == 2


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (172_800, "2 d")]
)
def test_ages_are_short(seconds: int, text: str) -> None:
    assert _ago(seconds) == text
