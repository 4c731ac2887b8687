"""What goes into the log when, and what comes back: on both databases, checked by a replay of the served files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from admin.audit.doubt import LogStoppedError
from admin.audit.events import Event, EventKind
from admin.services.actors import Actor, ActorKind
from admin.store.log import StoreLedger
from resolver.tlog.leaves import encode
from resolver.tlog.manifests import Manifest

ZERO = "0" * 64
Make = Callable[[int], Manifest]


async def test_a_log_begins_with_its_key_and_tells_all_events(box: Any) -> None:
    log = box.log()
    told = [await box.happen(), await box.happen(EventKind.TOKEN_REVOKED)]
    await box.happen(EventKind.SUBSCRIBER_CHANGED, "home-1")
    await log.start()
    assert log.problem == ""
    found = box.replay()
    assert [leaf.type for leaf in found] == ["log.init", "admin.add", "admin.del"]
    assert found[0].facts == {"origin": "box/weir/2027", "vkey": box.vkeys()[0].text}
    assert await box.told() == told
    assert (box.place.log / "policy.txt").read_text() == f"log {box.vkeys()[0].text}\nquorum none\n"


async def test_nothing_is_told_twice_and_a_start_catches_up(box: Any) -> None:
    await box.log().start()
    told = [await box.happen() for _ in range(5)]
    log = box.log()
    await log.start()
    await log.catch_up()
    assert await box.told() == told
    size = log.head.size
    await box.log().start()
    assert len(box.replay()) == size == 6


async def test_a_state_is_carried_by_the_last_event_that_can_have_changed_it(
    box: Any, manifest: Make, snap: str
) -> None:
    log = box.log()
    await log.start()
    await box.happen(EventKind.PROFILE_CHANGED, "strict")
    await box.happen(EventKind.PROFILE_CHANGED, "open")
    await box.happen()
    proof = await log.publish(manifest(1), snap)
    leaf, shown = proof.verify(box.vkeys())
    assert shown == manifest(1)
    found = box.replay()
    assert [item.type for item in found[1:]] == ["profile.set", "profile.set", "admin.add", "publish"]
    assert [item.state for item in found] == [ZERO, ZERO, leaf.state, leaf.state, leaf.state]
    assert leaf.facts == {"snap": snap}


async def test_what_comes_behind_one_that_waits_goes_in_with_the_state_too(
    box: Any, manifest: Make, snap: str
) -> None:
    log = box.log()
    await log.publish(manifest(1), snap)
    await box.happen(EventKind.PROFILE_CHANGED, "strict")
    await log.catch_up()
    await box.happen(EventKind.PROFILE_CHANGED, "open")
    await log.catch_up()
    assert len(box.replay()) == 2, "both wait"
    await box.happen(EventKind.LIST_SUSPENDED, "bets")
    leaf, _ = (await log.publish(manifest(2), snap)).verify(box.vkeys())
    found = box.replay()
    assert [item.type for item in found[2:]] == ["profile.set", "profile.set", "list.suspend", "publish"]
    assert [item.state == leaf.state for item in found[2:]] == [False, False, True, True]


async def test_what_waits_for_a_state_that_is_bound_already_waits_no_more(
    box: Any, manifest: Make, snap: str
) -> None:
    log = box.log()
    first = await log.publish(manifest(1), snap)
    await box.happen(EventKind.PROFILE_CHANGED, "strict")
    await log.catch_up()
    assert (await log.publish(manifest(1), snap)).index == first.index
    assert [item.type for item in box.replay()] == ["log.init", "publish", "profile.set"]


async def test_without_an_event_the_publication_carries_the_state(
    box: Any, manifest: Make, snap: str
) -> None:
    log = box.log()
    await log.publish(manifest(1), snap)
    await log.publish(manifest(2), snap)
    states = [leaf.state for leaf in box.replay()]
    assert states[0] == ZERO
    assert len(set(states)) == 3


async def test_what_is_bound_already_is_not_put_in_again(box: Any, manifest: Make, snap: str) -> None:
    log = box.log()
    first = await log.publish(manifest(1), snap)
    again = await box.log().publish(manifest(1), snap)
    assert (again.index, again.leaf, again.checkpoint) == (first.index, first.leaf, first.checkpoint)
    await box.happen()
    later = await log.publish(manifest(1), snap)
    assert later.index == first.index
    other = await log.publish(manifest(1), "cd" * 32)
    assert other.index > first.index
    other.verify(box.vkeys())
    with_urls = await log.publish(manifest(1), "cd" * 32, "ef" * 32)
    assert dict(with_urls.verify(box.vkeys())[0].facts) == {"snap": "cd" * 32, "urls": "ef" * 32}


async def test_what_was_written_just_now_is_not_read_back(
    box: Any, manifest: Make, snap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change waits for its proof: the leaf that it needs is at hand."""
    log = box.log()
    await log.start()
    await box.happen(EventKind.PROFILE_CHANGED, "strict")
    monkeypatch.setattr(StoreLedger, "leaves", None)
    proof = await log.publish(manifest(1), snap)
    assert proof.index == 2
    assert proof.leaf == encode(box.replay()[2])


async def test_events_that_change_the_state_wait_for_it_and_then_go_alone(box: Any) -> None:
    log = box.log()
    await log.start()
    first = await box.happen()
    await box.happen(EventKind.PROFILE_CHANGED, "strict")
    behind = await box.happen()
    await log.catch_up()
    assert await box.told() == [first]
    box.pass_time(4)
    await log.catch_up()
    assert await box.told() == [first]
    box.pass_time(2)
    await log.catch_up()
    assert (await box.told())[-1] == behind
    assert len(box.replay()) == 4


async def test_more_events_than_one_batch_keep_their_order(small_box: Any, manifest: Make, snap: str) -> None:
    async with small_box.database.transaction() as transaction:
        for number in range(2_300):
            kind = EventKind.SUBSCRIBER_CHANGED if number % 3 == 0 else EventKind.TOKEN_CREATED
            transaction.record(Event(kind, f"s{number}"), Actor.of_the_box(ActorKind.LOCAL, "root"), 1.0)
    log = small_box.log()
    proof = await log.publish(manifest(1), snap)
    told = await small_box.told()
    assert told == [number + 1 for number in range(2_300) if number % 3]
    assert proof.index == len(small_box.replay()) - 1
    proof.verify(small_box.vkeys())


async def test_a_heartbeat_tells_of_silence(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    small_box.pass_time(12 * 3600 - 1)
    await log.catch_up()
    assert log.head.size == 1
    small_box.pass_time(1)
    await log.catch_up()
    await log.catch_up()
    assert [leaf.type for leaf in small_box.replay()] == ["log.init", "heartbeat"]


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        (-3, "3 seconds behind"),
        (-300 * 86_400, "behind the last leaf"),
        (32 * 86_400, "confirm-clock --reason"),
    ],
)
async def test_a_clock_that_jumps_stops_the_log(small_box: Any, moved: float, words: str) -> None:
    log = small_box.log()
    await log.start()
    await small_box.happen()
    small_box.unix += moved
    with pytest.raises(LogStoppedError, match=words):
        await log.catch_up()
    assert words in log.problem
    assert log.head is None or log.head.size == 1
    small_box.unix -= moved
    await log.catch_up()
    assert log.problem == ""
    assert len(small_box.replay()) == 2


async def test_a_log_that_a_clock_stops_does_not_look_well_while_an_event_waits_for_its_state(
    small_box: Any, manifest: Any, snap: str
) -> None:
    log = small_box.log()
    await log.start()
    small_box.unix -= 86_400
    with pytest.raises(LogStoppedError, match=r"write another name to audit\.origin"):
        await log.publish(manifest(1), snap)
    await small_box.happen(EventKind.PROFILE_CHANGED, "kids")
    for _ in range(2):
        with pytest.raises(LogStoppedError, match="86400 seconds behind"):
            await log.catch_up()
        assert log.problem
    small_box.unix += 86_400
    await log.publish(manifest(1), snap)
    assert log.problem == ""
    assert [leaf.type for leaf in small_box.replay()][-2:] == ["profile.set", "publish"]


async def test_a_clock_that_steps_back_a_little_never_takes_the_time_back(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    small_box.unix -= 2
    await small_box.happen()
    await log.catch_up()
    assert [leaf.t for leaf in small_box.replay()] == [1_800_000_000] * 2


async def test_a_long_absence_is_confirmed_by_a_person(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    small_box.unix += 40 * 86_400
    await small_box.happen()
    with pytest.raises(LogStoppedError):
        await log.catch_up()
    log.confirm_clock()
    await log.catch_up()
    assert len(small_box.replay()) >= 2


async def test_a_clock_that_was_never_set_begins_no_log(small_box: Any) -> None:
    small_box.unix = 86_400.0
    log = small_box.log()
    await log.start()
    assert "not set" in log.problem
    assert not (small_box.place.log / "checkpoint").exists()


async def test_an_event_that_this_version_cannot_tell_is_there_all_the_same(small_box: Any) -> None:
    await small_box.happen(EventKind.STATE_ENFORCED, "box")
    log = small_box.log()
    await log.start()
    last = small_box.replay()[-1]
    assert (last.type, dict(last.facts)) == ("event.untold", {})
    assert last.priv
