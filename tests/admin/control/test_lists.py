"""The keeping of lists: what is fetched when, what is at hand for compiling, what is said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from admin.control.lists import LostTextError
from blocklists.model import Confidentiality, Kind, ListSource

BETS = ListSource("bets", "https://lists.example/bets", "domains", Kind.CATEGORY, categories=("gambling",))
CHAT = ListSource("chat", "https://lists.example/chat", "domains", Kind.CATEGORY, categories=("chat",))
OTHER = ListSource("other", "https://other.example/a", "domains", Kind.CATEGORY, categories=("chat",))
FILE = ListSource("file", "file:/nowhere", "domains", Kind.CATEGORY, categories=("chat",))
WATCH = ListSource(
    "watch", "https://other.example/w", "domains", Kind.ILLEGAL, confidentiality=Confidentiality.SECRET
)


async def fetched(keeper: Any, *ids: str) -> list[bool]:
    return [await keeper.fetch(list_id) for list_id in ids]


async def test_a_new_list_is_needed_and_then_waits_for_its_time(world: Any) -> None:
    world.sources.texts["bets"] = b"bets.example\n"
    keeper = world.keeper()
    assert keeper.follow([BETS]) == {"bets"}
    assert await fetched(keeper, "bets") == [True]
    assert keeper.due() == set()
    assert keeper.texts(in_force=False) == [(BETS, b"bets.example\n")]
    world.pass_time(BETS.refresh)
    assert keeper.due() == {"bets"}
    assert await fetched(keeper, "bets") == [False]  # not modified


async def test_after_a_restart_what_is_on_disk_is_at_hand_and_not_asked_for_again(world: Any) -> None:
    world.sources.texts = {"bets": b"bets.example\n", "watch": b"illegal.example\n", "file": b"a.example\n"}
    first = world.keeper()
    first.follow([BETS, WATCH, FILE])
    await fetched(first, "bets", "watch", "file")
    world.pass_time(600.0)
    second = world.keeper()
    assert second.follow([BETS, WATCH, FILE]) == {
        "watch",
        "file",
    }  # secret texts are on no disk, files are read again
    assert second.next_due({"watch", "file"}) == pytest.approx(world.monotonic + BETS.refresh - 600.0)


async def test_a_clock_that_was_set_back_makes_lists_due(world: Any) -> None:
    world.sources.texts["bets"] = b"bets.example\n"
    first = world.keeper()
    first.follow([BETS])
    await fetched(first, "bets")
    world.unix -= 86_400.0
    second = world.keeper()
    assert second.follow([BETS]) == set()
    assert second.due() == {"bets"}


async def test_a_changed_source_is_fetched_anew(world: Any) -> None:
    from dataclasses import replace

    world.sources.texts["bets"] = b"bets.example\n"
    keeper = world.keeper()
    keeper.follow([BETS])
    await fetched(keeper, "bets")
    assert keeper.follow([BETS]) == set()
    before = keeper.fingerprint()
    assert keeper.follow([replace(BETS, url="https://lists.example/moved")]) == {"bets"}
    assert keeper.fingerprint() != before


async def test_one_fetch_at_a_time_per_server(world: Any) -> None:
    world.sources.texts = dict.fromkeys(("bets", "chat", "other"), b"a.example\n")
    world.sources.hold = {name: asyncio.Event() for name in ("bets", "chat", "other")}
    keeper = world.keeper()
    keeper.follow([BETS, CHAT, OTHER])
    tasks = [asyncio.ensure_future(keeper.fetch(name)) for name in ("bets", "chat", "other")]
    async with asyncio.timeout(10):
        while len(world.sources.asked) < 2:
            await asyncio.sleep(0)
    assert sorted(world.sources.running) == ["bets", "other"]
    for event in world.sources.hold.values():
        event.set()
    await asyncio.gather(*tasks)
    assert world.sources.most_at_once == 2
    assert sorted(world.sources.asked) == ["bets", "chat", "other"]


async def test_a_list_that_is_no_longer_configured_is_not_fetched(world: Any) -> None:
    keeper = world.keeper()
    keeper.follow([BETS])
    keeper.follow([CHAT])
    assert await keeper.fetch("bets") is False
    assert world.sources.asked == []
    assert [item.id for item in keeper.conditions()] == ["chat"]


async def test_what_is_enforced_is_not_dropped_because_it_cannot_be_read(world: Any) -> None:
    world.sources.texts = {"bets": b"bets.example\n", "watch": b"illegal.example\n"}
    first = world.keeper()
    first.follow([BETS, WATCH])
    await fetched(first, "bets", "watch")
    world.sources.texts["watch"] = None
    second = world.keeper()
    second.follow([BETS, WATCH])
    await fetched(second, "watch")
    with pytest.raises(
        LostTextError, match=r"list watch is enforced but .* \(https://other.example/w: the server is"
    ):
        second.texts(in_force=True)
    assert [source.id for source, _ in second.texts(in_force=False)] == ["bets"]
    for path in (world.place.lists / "bets").glob("content-*"):
        path.write_bytes(b"damaged")
    second.follow([BETS])
    with pytest.raises(LostTextError, match="list bets is enforced but its text cannot be read"):
        second.texts(in_force=True)


async def test_a_secret_list_survives_a_bad_moment_of_its_source(world: Any) -> None:
    world.sources.texts["watch"] = b"illegal.example\n"
    keeper = world.keeper()
    keeper.follow([WATCH])
    await fetched(keeper, "watch")
    world.sources.texts["watch"] = None
    assert await fetched(keeper, "watch") == [False]
    assert keeper.texts(in_force=True) == [(WATCH, b"illegal.example\n")]


async def test_of_a_secret_list_no_number_and_no_name_is_told(world: Any) -> None:
    world.sources.texts["watch"] = b"".join(b"illegal-%d.example\n" % number for number in range(1234))
    keeper = world.keeper()
    keeper.follow([WATCH])
    with capture_logs() as logs:
        await fetched(keeper, "watch")
        world.sources.texts["watch"] = b"illegal-1.example\n"
        await fetched(keeper, "watch")
    (condition,) = keeper.conditions()
    told = f"{logs} {condition}"
    assert condition.loaded
    assert condition.state == "held"
    for secret in ("1234", "1,234", "illegal-"):
        assert secret not in told


async def test_an_illegal_list_that_never_came_is_said_loudly(world: Any) -> None:
    keeper = world.keeper()
    keeper.follow([WATCH, BETS])
    with capture_logs() as logs:
        await fetched(keeper, "watch", "bets")
    assert [(entry["log_level"], entry["list"]) for entry in logs] == [
        ("error", "watch"),
        ("warning", "bets"),
    ]
    assert logs[0]["event"] == "THIS LIST IS NOT ENFORCED: it has never been loaded"
    (condition, _) = keeper.conditions()
    assert (condition.loaded, condition.state, condition.entries) == (False, "failed", None)


async def test_a_failure_shows_even_when_it_cannot_be_noted(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sources.texts["bets"] = b"bets.example\n"
    keeper = world.keeper()
    keeper.follow([BETS])
    await fetched(keeper, "bets")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("blocklists.list_store.write_record", full)
    world.sources.texts["bets"] = b"more.example\n"
    await fetched(keeper, "bets")
    (condition,) = keeper.conditions()
    assert (condition.state, condition.loaded) == ("failed", True)
    assert "No space left on device" in condition.message
    assert keeper.texts(in_force=True) == [(BETS, b"bets.example\n")]
