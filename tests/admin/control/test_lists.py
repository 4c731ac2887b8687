"""The keeping of lists: what is fetched when, what is at hand for compiling, what is said."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from structlog.testing import capture_logs

from admin.api.list_life import Part
from admin.control.differing import difference_of
from admin.control.list_texts import list_texts
from admin.control.lists import LostTextError
from admin.control.schedule import CALL_GAP
from admin.services.actors import Actor, ActorKind
from admin.services.errors import ConflictError, NotFoundError
from blocklists.durable import read_record
from blocklists.entry_life import EntryLives
from blocklists.guard import Guard
from blocklists.list_store import ReleaseError
from blocklists.model import Confidentiality, Kind, ListCounts, ListSource, ListVersion
from blocklists.sources import FetchError, Phase, Progress
from blocklists.versions import RollbackError

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
    assert second.follow([BETS, WATCH, FILE]) == {"file"}  # files are read again
    assert [text for _, text in second.texts(in_force=True)] == list(world.sources.texts.values())
    assert second.next_due({"watch", "file"}) == pytest.approx(world.monotonic + BETS.refresh - 600.0)


async def test_whoever_changes_a_profile_waits_for_no_list(world: Any) -> None:
    """Files are read again and lists that never came are asked for again where the configuration is read anew, and there alone."""
    world.sources.texts = {"bets": b"bets.example\n", "file": b"a.example\n"}
    keeper = world.keeper()
    keeper.follow([BETS, FILE, OTHER])
    await fetched(keeper, "bets", "file", "other")  # the last one's server is away
    due = keeper.next_due()
    assert keeper.follow([BETS, FILE, OTHER], anew=False) == set()
    assert keeper.next_due() == due
    moved = replace(FILE, url="file:/elsewhere")
    assert keeper.follow([BETS, moved, OTHER], anew=False) == {"file"}
    assert keeper.follow([BETS, moved, OTHER]) == {"file", "other"}


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
    async with asyncio.timeout(60):
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
    next((world.place.lists / "watch").glob("sealed-*")).write_bytes(b"damaged")
    second = world.keeper()
    assert second.follow([BETS, WATCH]) == {"watch"}
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


MOVED = replace(BETS, url="https://moved.example/bets")


async def test_a_running_fetch_of_a_changed_source_is_given_up_for_the_new_one(world: Any) -> None:
    world.sources.texts = {BETS.url: b"old.example\n", MOVED.url: b"new.example\n"}
    world.sources.hold["bets"] = asyncio.Event()
    keeper = world.keeper()
    keeper.follow([BETS])
    task = asyncio.ensure_future(keeper.fetch("bets"))
    async with asyncio.timeout(60):
        while not world.sources.running:
            await asyncio.sleep(0)
        del world.sources.hold["bets"]  # the new address answers; the old one never does
        assert keeper.follow([MOVED]) == {"bets"}
        assert await task
    assert world.sources.addresses == [BETS.url, MOVED.url]
    assert keeper.texts(in_force=True) == [(MOVED, b"new.example\n")]


async def test_a_result_that_comes_after_the_change_is_not_stored(world: Any) -> None:
    world.sources.texts = {BETS.url: b"old.example\n", MOVED.url: b"new.example\n"}
    keeper = world.keeper()
    counted: list[bytes] = []

    def count(source: ListSource, data: bytes) -> ListCounts:
        counted.append(data)
        if source == BETS:
            keeper.follow([MOVED])
        return ListCounts(lines=1, accepted=1, entries=1)

    stored: list[bytes] = []
    accept = keeper._store.accept

    def accepting(source: ListSource, version: ListVersion, numbers: ListCounts, *, now: float) -> None:
        stored.append(version.data)
        accept(source, version, numbers, now=now)

    keeper._count, keeper._store.accept = count, accepting
    keeper.follow([BETS])
    with capture_logs() as logs:
        assert await keeper.fetch("bets")
    assert counted == [b"old.example\n", b"new.example\n"]
    assert stored == [b"new.example\n"]
    assert len(logs) == 1
    assert keeper.texts(in_force=True) == [(MOVED, b"new.example\n")]


async def test_a_fetch_of_a_list_that_is_removed_meanwhile_ends(world: Any) -> None:
    world.sources.hold["bets"] = asyncio.Event()
    keeper = world.keeper()
    keeper.follow([BETS])
    task = asyncio.ensure_future(keeper.fetch("bets"))
    async with asyncio.timeout(60):
        while not world.sources.running:
            await asyncio.sleep(0)
        keeper.follow([])
        assert await task is False
    assert world.sources.running == []


async def test_a_cancelled_fetch_ends_its_request(world: Any) -> None:
    world.sources.hold["bets"] = asyncio.Event()
    keeper = world.keeper()
    keeper.follow([BETS])
    task = asyncio.ensure_future(keeper.fetch("bets"))
    async with asyncio.timeout(60):
        while not world.sources.running:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while world.sources.running:
            await asyncio.sleep(0)


async def test_a_fault_of_our_own_is_a_failure_without_the_list_s_text(world: Any) -> None:
    world.sources.faults["bets"] = RuntimeError("cannot digest canary.example")
    keeper = world.keeper()
    keeper.follow([BETS])
    with capture_logs() as logs:
        assert await fetched(keeper, "bets") == [False]
    assert keeper.next_due() == pytest.approx(world.monotonic + 60.0)
    (condition,) = keeper.conditions()
    assert (condition.state, condition.last_attempt) == ("failed", world.unix)
    assert condition.message.startswith("An internal fault (RuntimeError) ended this attempt")
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert "canary" not in f"{logs} {condition}"
    world.pass_time(61.0)
    await fetched(keeper, "bets")
    assert keeper.next_due() == pytest.approx(world.monotonic + 120.0)


async def test_a_released_version_of_a_secret_list_whose_text_is_lost_is_fetched_by_the_next_reload(
    world: Any,
) -> None:
    world.sources.texts["watch"] = b"".join(b"illegal-%d.example\n" % number for number in range(1234))
    keeper = world.keeper()
    keeper.follow([WATCH])
    await fetched(keeper, "watch")
    world.sources.texts["watch"] = b"illegal-1.example\n"
    await fetched(keeper, "watch")
    assert keeper.follow([WATCH]) == set()
    (condition,) = keeper.conditions()
    digest = condition.message.rpartition("`")[0].rpartition(" ")[2]
    next((world.place.lists / "watch").glob(f"sealed-{digest}*")).unlink()
    assert not keeper._store.accept_held(WATCH, digest)
    assert keeper.follow([WATCH]) == {"watch"}
    assert await fetched(keeper, "watch") == [True]
    assert keeper.texts(in_force=True) == [(WATCH, b"illegal-1.example\n")]


async def test_what_cannot_be_compiled_again_tells_no_number_of_a_secret_list(world: Any) -> None:
    world.sources.texts["watch"] = b"".join(b"illegal-%d.example\n" % number for number in range(1234))
    keeper = world.keeper()
    keeper.follow([WATCH])
    await fetched(keeper, "watch")
    world.sources.texts["watch"] = b"illegal-1.example\n"
    await fetched(keeper, "watch")
    for path in (world.place.lists / "watch").glob("sealed-*"):
        path.unlink()
    again = world.keeper()
    again.follow([WATCH])
    with pytest.raises(LostTextError) as caught:
        again.texts(in_force=True)
    assert "held back by the gates" in str(caught.value)
    assert "1,234" not in str(caught.value)


async def test_one_fetch_at_a_time_per_authority(world: Any) -> None:
    lists = [replace(each, authority="Example Hotline") for each in (BETS, OTHER)]
    world.sources.texts = dict.fromkeys(("bets", "other"), b"a.example\n")
    keeper = world.keeper()
    keeper.follow(lists)
    await asyncio.gather(keeper.fetch("bets"), keeper.fetch("other"))
    assert world.sources.most_at_once == 1


async def test_progress_is_shown_while_a_fetch_runs_and_not_after(world: Any) -> None:
    world.sources.texts = dict.fromkeys(("bets", "chat"), b"a.example\n")
    world.sources.hold = {"bets": asyncio.Event()}
    keeper = world.keeper()
    keeper.follow([BETS, CHAT])
    tasks = [asyncio.ensure_future(keeper.fetch(name)) for name in ("bets", "chat")]
    async with asyncio.timeout(60):
        while not world.sources.running:
            await asyncio.sleep(0)
    assert keeper.progress.of("chat") == Progress("chat", Phase.WAITING)
    world.sources.hold["bets"].set()
    await asyncio.gather(*tasks)
    assert keeper.progress.of("bets") is keeper.progress.of("chat") is None


async def test_a_source_that_asks_to_be_left_alone_is_left_alone(world: Any) -> None:
    keeper = world.keeper()
    keeper.follow([BETS])
    world.sources.faults["bets"] = FetchError("later", retry_after=5_000.0)
    await keeper.fetch("bets")
    assert keeper.next_due() == pytest.approx(world.monotonic + 5_000.0)
    del world.sources.faults["bets"]
    await keeper.fetch("bets")
    assert keeper.next_due() == pytest.approx(world.monotonic + 60.0 * 2)


async def test_what_its_source_calls_for_is_due(world: Any) -> None:
    world.sources.texts["bets"] = b"bets.example\n"
    keeper = world.keeper()
    keeper.follow([BETS])
    await keeper.fetch("bets")
    assert keeper.tag("bets") == hashlib.sha256(b"bets.example\n").hexdigest()
    assert keeper.tag("chat") == ""
    assert keeper.due() == set()
    assert keeper.called(["bets", "chat"]) == {"bets"}
    await keeper.fetch("bets")
    assert keeper.called(["bets"]) == set()
    world.pass_time(CALL_GAP)
    assert keeper.due() == {"bets"}


async def test_a_list_that_became_secret_while_control_was_down_is_in_plain_no_more(world: Any) -> None:
    world.sources.texts["watch"] = b"illegal.example\n"
    public = replace(WATCH, confidentiality=Confidentiality.PUBLIC)
    first = world.keeper()
    first.follow([public])
    await fetched(first, "watch")
    folder = world.place.lists / "watch"
    assert list(folder.glob("content-*"))
    second = world.keeper()
    assert second.follow([WATCH]) == {"watch"}
    assert not list(folder.glob("content-*"))
    await fetched(second, "watch")
    assert second.texts(in_force=True) == [(WATCH, b"illegal.example\n")]
    assert list(folder.glob("sealed-*"))


async def test_a_list_that_is_secret_no_more_serves_and_shows_nothing_of_when_it_was(world: Any) -> None:
    """Whoever may declare lists, and no more, could open a secret one by declaring it anew without its credentials."""
    keeper = world.keeper()
    keeper.follow([WATCH])
    for text in (b"illegal.example\n", b"illegal.example\nworse.example\n"):
        world.sources.texts["watch"] = text
        assert await keeper.fetch("watch")
    sealed = [kept.digest for kept in keeper.store.versions("watch")]
    keeper.follow([])
    world.sources.texts["watch"] = None
    opened = replace(WATCH, confidentiality=Confidentiality.PUBLIC)
    assert keeper.follow([opened]) == {"watch"}
    await keeper.fetch("watch")
    (condition,) = keeper.conditions()
    assert (condition.loaded, condition.entries, condition.serving) == (False, None, None)
    assert keeper.texts(in_force=False) == []
    assert keeper.fingerprint() == ((opened, ""),)
    assert keeper.digester.moved(opened, *sealed) is None
    lives = EntryLives(keeper.store, frozenset())
    with pytest.raises(ConflictError, match="not kept here"):
        difference_of(keeper.store, lives, opened, *sealed)
    texts = list_texts(keeper, lambda: (opened,), lambda _id: (), lambda: Guard({}, frozenset()))
    for wanted in ("", *sealed):
        with pytest.raises(NotFoundError):
            await texts.text(Actor.of_the_box(ActorKind.LOCAL, "root"), "watch", Part.ENTRIES, wanted)
    world.sources.texts["watch"] = b"harmless.example\n"
    assert await keeper.fetch("watch")
    assert keeper.texts(in_force=True) == [(opened, b"harmless.example\n")]
    for wanted in ("", sealed[0]):
        with pytest.raises(RollbackError):
            keeper.store.roll_back(opened, wanted)


async def test_what_was_held_while_a_list_was_secret_is_released_no_more(world: Any) -> None:
    keeper = world.keeper()
    keeper.follow([WATCH])
    world.sources.texts["watch"] = b"".join(b"illegal-%d.example\n" % number for number in range(100))
    await keeper.fetch("watch")
    world.sources.texts["watch"] = b"illegal-1.example\n"
    await keeper.fetch("watch")
    held = keeper.store.attempt("watch").held
    opened = replace(WATCH, confidentiality=Confidentiality.PUBLIC)
    with pytest.raises(ReleaseError, match="while the list was secret"):
        keeper.store.accept_held(opened, held.digest)
    assert keeper.store.accept_held(WATCH, held.digest)


async def test_a_look_at_all_lists_reads_each_list_s_few_files_a_few_times(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Health, metrics and every change ask for it on the event loop."""
    lists = [replace(BETS, id=f"list-{number}") for number in range(10)]
    world.sources.texts = {item.id: b"bets.example\n" for item in lists}
    keeper = world.keeper()
    keeper.follow(lists)
    await fetched(keeper, *(item.id for item in lists))
    counted = Mock(side_effect=read_record)
    monkeypatch.setattr("blocklists.list_store.read_record", counted)
    assert len(keeper.conditions()) == len(lists)
    assert counted.call_count <= 5 * len(lists)
