"""Who waits for whom."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from admin.control.queueing import AT_ONCE, SMALL, Queue, is_small_file, turns_of
from blocklists.model import Kind, ListSource


def _list(number: int, host: str, authority: str = "") -> ListSource:
    return ListSource(f"l{number}", f"https://{host}/{number}", "domains", Kind.CATEGORY, authority=authority)


async def _all_at_once(sources: list[ListSource], queue: Queue) -> tuple[int, Counter[str]]:
    """Fetch all of them; the most at once altogether and by key."""
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()
    total = highest = 0

    async def fetch(source: ListSource) -> None:
        nonlocal total, highest
        async with queue.turn(source):
            keys = turns_of(source)
            running.update(keys)
            total += 1
            highest = max(highest, total)
            for key in keys:
                most[key] = max(most[key], running[key])
            for _ in range(5):
                await asyncio.sleep(0)
            running.subtract(keys)
            total -= 1

    async with asyncio.timeout(60):
        await asyncio.gather(*map(fetch, sources))
    return highest, most


async def test_two_hundred_lists_do_not_stampede() -> None:
    sources = [_list(number, f"host{number % 50}.example") for number in range(200)]
    highest, most = await _all_at_once(sources, Queue())
    assert highest == AT_ONCE
    assert set(most.values()) == {1}


async def test_one_at_a_time_per_authority_though_its_servers_differ() -> None:
    sources = [_list(number, f"host{number}.example", "Example Hotline") for number in range(9)]
    sources += [_list(9, "other.example", "example hotline")]
    assert (await _all_at_once(sources, Queue()))[0] == 1


async def test_crossed_authorities_and_servers_end() -> None:
    sources = [_list(number, f"host{number % 3}.example", f"authority {number % 4}") for number in range(60)]
    highest, most = await _all_at_once(sources, Queue())
    assert highest > 1
    assert set(most.values()) == {1}


async def test_who_waits_for_a_slow_server_holds_no_slot() -> None:
    queue, released = Queue(at_once=2), asyncio.Event()

    async def slow(source: ListSource) -> None:
        async with queue.turn(source):
            await released.wait()

    waiting = [asyncio.ensure_future(slow(_list(number, "slow.example"))) for number in range(5)]
    await asyncio.sleep(0)
    async with asyncio.timeout(30), queue.turn(_list(9, "quick.example")):
        assert not any(task.done() for task in waiting)
    released.set()
    await asyncio.gather(*waiting)


async def test_a_turn_that_is_given_up_is_passed_on() -> None:
    queue = Queue()
    source = _list(1, "a.example", "b")
    async with queue.turn(source):
        waiting = asyncio.ensure_future(_all_at_once([source], queue))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    async with asyncio.timeout(30), queue.turn(source):
        assert waiting.cancelled()


async def test_small_files_wait_for_nobody_and_large_ones_for_each_other(tmp_path: Path) -> None:
    def file(name: str, size: int) -> ListSource:
        (tmp_path / name).write_bytes(bytes(size))
        return ListSource(name, f"file:{tmp_path / name}", "domains", Kind.CATEGORY)

    queue = Queue()
    async with asyncio.timeout(20), queue.turn(file("large", SMALL + 1)):
        other = asyncio.ensure_future(_all_at_once([file("larger", SMALL + 2)], queue))
        async with queue.turn(file("small", SMALL)), queue.turn(file("empty", 0)):
            assert not other.done()
    await other


def test_a_file_that_is_not_there_is_not_known_to_be_small(tmp_path: Path) -> None:
    assert not is_small_file(ListSource("a", f"file:{tmp_path / 'a'}", "domains", Kind.CATEGORY))


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        (_list(1, "A.example"), ["server a.example"]),
        (_list(1, "a.example", "Hotline"), ["authority hotline", "server a.example"]),
        (ListSource("f", "file:/a", "domains", Kind.CATEGORY, authority="Hotline"), ["server "]),
    ],
)
def test_turns(source: ListSource, keys: list[str]) -> None:
    assert turns_of(source) == keys
