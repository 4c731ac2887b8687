"""``weir lists status``: what serves, and since when."""

from __future__ import annotations

import hashlib
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
        store.note(source.id, Attempt(at=then, state=state, message="Of 2 entries.", success=then))


def hold(folder: Path, list_id: str) -> None:
    """Let the gates hold a version of a list that serves another."""
    store = ListStore(Place(folder / "var").lists)
    (source,) = (item for item in sources(load(folder / "weir.yaml")) if item.id == list_id)
    data = b"a.example\n"
    version = store.identified(source, ListVersion(list_id, data, hashlib.sha256(data).hexdigest(), 1.0))
    held = store.hold(source, version, ListCounts(lines=1, accepted=1, entries=1), ())
    store.note(list_id, Attempt(at=2.0, state=ListState.HELD, message="From 2 to 1 entries.", held=held))


def held_digest(folder: Path, list_id: str) -> str:
    held = ListStore(Place(folder / "var").lists).attempt(list_id).held
    return "" if held is None else held.digest


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
    assert "vault  illegal   accepted  secret   2 h ago        secret        A new version serves." in out


def test_json_keeps_the_number_of_secret_entries(weir: Run, folder: Path) -> None:
    serve(folder)
    bets, vault = json.loads(weir("lists", "status", "--json")[1])
    assert set(bets) == {"id", "kind", "state", "entries", "age", "serving", "message"}
    assert (bets["id"], bets["entries"], bets["serving"]) == ("bets", 2, "d" * 64)
    assert (vault["entries"], vault["serving"]) == (None, None)
    assert 7300 <= bets["age"] < 7400


def test_of_a_secret_list_no_number_is_told(weir: Run, folder: Path) -> None:
    serve(folder)
    hold(folder, "vault")
    _, out, _ = weir("lists", "status")
    digest = held_digest(folder, "vault")
    assert "entries." not in out.partition("vault")[2]
    assert "dddd" not in out.partition("vault")[2]
    assert f"held back by the gates. If this is meant, run `weir lists release vault {digest[:12]}`." in out
    assert "2 entries" not in str(json.loads(weir("lists", "status", "--json")[1])[1])


def test_a_held_version_is_released(weir: Run, folder: Path) -> None:
    serve(folder)
    hold(folder, "bets")
    digest = held_digest(folder, "bets")
    status, out, err = weir("lists", "release", "bets", digest[:12])
    assert (status, err) == (0, "")
    assert f"list bets: the held version {digest[:12]} is released. `systemctl reload weir-admin`" in out
    version = ListStore(Place(folder / "var").lists).load("bets")
    assert version is not None
    assert version.data == b"a.example\n"
    status, out, err = weir("lists", "release", "bets", digest)
    assert (status, out) == (1, "")
    assert "no version is held" in err


def test_a_held_version_of_a_secret_list_is_released(weir: Run, folder: Path) -> None:
    serve(folder)
    hold(folder, "vault")
    digest = held_digest(folder, "vault")
    status, out, _ = weir("lists", "release", "vault", digest[:12], "-c", "weir.yaml")
    assert status == 0
    assert "takes it at once, provided that its source still has it." in out
    assert ListStore(Place(folder / "var").lists).attempt("vault").released == digest


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("bets", "0" * 64), 1, "nothing to release under this digest; the held version is"),
        (("bets", ""), 1, "nothing to release under this digest; the held version is"),
        (("nothing", "0" * 12), 2, "there is no list `nothing`"),
        (("../bets", "0" * 12), 2, "there is no list"),
    ],
)
def test_what_cannot_be_released(
    weir: Run, folder: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    serve(folder)
    hold(folder, "bets")
    ended, out, err = weir("lists", "release", *arguments)
    assert (ended, out) == (status, "")
    assert words in err


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
