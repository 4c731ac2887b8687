"""``weir check`` without a running appliance, with one, and where it cannot tell."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from admin.config import Config, load
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.services.beside import with_stored
from admin.services.documents import Documents
from admin.services.place import Place
from admin.services.publish import compile_offline
from admin.services.subscribers import SubscriberKind
from admin.store.address import address_of
from admin.store.database import Database
from resolver.tables.index_key import FILE

INDEX_KEY = bytes(range(16))
Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("arguments", "status", "verdict"),
    [
        (("www.bets.example",), 1, "block"),
        (("www.bets.example", "--subscriber", "home-17"), 0, "allow"),
        (("www.bets.example", "--address", "127.0.0.17"), 0, "allow"),
        (("www.bets.example", "--address", "127.0.0.18"), 1, "block"),
        (("https://bets.example/slots", "--address", "192.0.2.1"), 1, "refuse"),
        (("secret.example", "--subscriber", "home-17"), 1, "block"),
        (("news.example", "--at", "2026-10-25T01:30"), 0, "allow"),
    ],
)
def test_the_verdict_is_the_status(weir: Run, arguments: tuple[str, ...], status: int, verdict: str) -> None:
    ended, out, _ = weir("check", *arguments)
    assert ended == status
    assert f"verdict         {verdict}\n" in out or f"verdict  {verdict}\n" in out


def test_the_steps_are_a_table(weir: Run) -> None:
    _, out, _ = weir("check", "bets.example")
    assert "step  about" in out
    assert "7     categories          Blocked: it is in Gambling, which this profile blocks." in out
    assert "\x1b" not in out


def test_the_verdict_alone_is_in_colour_at_a_terminal(weir: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    _, out, _ = weir("check", "bets.example")
    (line,) = (line for line in out.splitlines() if "\x1b" in line)
    assert line.startswith("\x1b[31m")
    assert line.endswith("block\x1b[0m")
    assert "\ufffd" not in out


def test_json_has_the_same_steps(weir: Run) -> None:
    status, out, _ = weir("check", "bets.example", "--json", "--at", "2026-11-22T12:00:00+00:00")
    report = json.loads(out)
    assert status == 1
    assert set(report) == {
        *(
            "asked",
            "name",
            "subscriber",
            "profile",
            "address",
            "at",
            "generation",
            "action",
            "reason",
            "step",
        ),
        *("summary", "answer", "ede", "http_status", "category", "lists", "steps", "notes", "page", "zones"),
    }
    assert (report["action"], report["ede"], report["lists"], report["at"]) == (
        "block",
        17,
        ["bets"],
        1795348800.0,
    )
    assert len(report["steps"]) == 7


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_a_time_without_a_zone_is_utc(weir: Run, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        report = json.loads(weir("check", "bets.example", "--json", "--at", "2026-11-22T12:00")[1])
    finally:
        monkeypatch.undo()
        time.tzset()
    assert report["at"] == 1795348800.0


def test_a_secret_list_is_not_named(weir: Run) -> None:
    _, out, err = weir("check", "secret.example")
    assert "vault" not in out + err
    assert "an illegal-content or security list names it" in out


def test_what_the_appliance_has_published_counts(weir: Run, folder: Path) -> None:
    place = Place(folder / "var")
    place.create()
    compile_offline(load(folder / "weir.yaml"), place.state, index_key=INDEX_KEY)
    (place.run / FILE).write_bytes(INDEX_KEY)
    (folder / "bets.txt").write_text("other.example\n")
    assert weir("check", "bets.example")[0] == 1
    status, out, err = weir("check", "other.example")
    assert (status, err) == (0, "")
    assert "allow" in out


@pytest.fixture
def stored(folder: Path) -> Path:
    """A subscriber of the database, whom the published state knows; the database's file."""
    config = load(folder / "weir.yaml")
    place = Place(config.data_dir)
    place.create()
    asyncio.run(_store(config))
    compile_offline(with_stored(config), place.state, index_key=INDEX_KEY)
    (place.run / FILE).write_bytes(INDEX_KEY)
    return config.data_dir / "weir.db"


async def _store(config: Config) -> None:
    database = await Database.open(address_of(config))
    home = {"profile": "open", "addresses": ["127.0.0.18"]}
    act = Act(Actor.of_the_box(ActorKind.LOCAL, "root"), 1.0)
    async with database.transaction() as transaction:
        await Documents(SubscriberKind()).create(transaction, config, act, "home-18", home)
    await database.close()


@pytest.mark.parametrize("who", [("--subscriber", "home-18"), ("--address", "127.0.0.18")])
def test_subscribers_of_the_database_are_known(weir: Run, stored: Path, who: tuple[str, str]) -> None:
    before = stored.read_bytes()
    status, out, err = weir("check", "bets.example", *who)
    assert (status, err) == (0, "")
    assert "subscriber home-18, profile open" in out
    assert stored.read_bytes() == before


def test_a_database_that_cannot_be_read_is_said(weir: Run, stored: Path) -> None:
    stored.write_bytes(b"no database " * 100)
    status, out, err = weir("check", "bets.example", "--subscriber", "home-18")
    assert (status, out) == (3, "")
    assert "cannot tell" in err
    assert "no database" in err
    status, out, err = weir("check", "bets.example", "--address", "127.0.0.18")
    assert status == 0
    assert "not known by name" in err


def test_no_database_is_made_by_asking(weir: Run, folder: Path) -> None:
    assert weir("check", "bets.example", "--subscriber", "nobody")[0] == 2
    assert not (folder / "var" / "weir.db").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("192.0.2.1",), "an address"),
        (("a b",), "is no name"),
        (("bets.example", "--address", "nobody"), "not an IP address"),
        (("bets.example", "--subscriber", "home-71"), "did you mean `home-17`?"),
        (("bets.example", "--subscriber", "home-17", "--address", "127.0.0.1"), "give one of them"),
        (("bets.example", "--at", "tomorrow"), "at is no moment in time"),
    ],
)
def test_a_wrong_question_is_status_2(weir: Run, arguments: tuple[str, ...], message: str) -> None:
    status, out, err = weir("check", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_broken_configuration_is_status_2(weir: Run, folder: Path) -> None:
    (folder / "weir.yaml").write_text("nod: x\n")
    status, _, err = weir("check", "bets.example")
    assert status == 2
    assert "weir.yaml:1: nod: unknown key" in err


def test_a_damaged_state_cannot_tell(weir: Run, folder: Path) -> None:
    place = Place(folder / "var")
    place.create()
    compile_offline(load(folder / "weir.yaml"), place.state, index_key=INDEX_KEY)
    (place.run / FILE).write_bytes(INDEX_KEY)
    for path in place.state.glob("snapshot-*.weir"):
        path.write_bytes(path.read_bytes()[:100])
    status, out, err = weir("check", "bets.example")
    assert (status, out) == (3, "")
    assert "cannot tell" in err
    assert "Traceback" not in err
