"""The cache's memory comes before the process in slices with rests between, once, and not where the kernel cannot."""

from __future__ import annotations

import asyncio
import errno
import mmap
import os
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import structlog

from resolver.outbound.presence import REST, SLICE, Presence

SIZE = 2 * SLICE + 3 * mmap.PAGESIZE
"""Ends with a slice that is not whole."""


class Memory(mmap.mmap):
    """Shared memory that notes the slices asked for, and that a kernel may refuse."""

    slices: list[tuple[int, int]]
    refusal: int

    def madvise(self, option: int, start: int = 0, length: int = 0) -> None:
        self.slices.append((start, length))
        if self.refusal:
            raise OSError(self.refusal, os.strerror(self.refusal))
        super().madvise(option, start, length)


@pytest.fixture
def memories() -> Iterator[list[Memory]]:
    """Two of them, as claimed as the cache's and as little used."""
    made = []
    for name in ("weir-presence-one", "weir-presence-two"):
        descriptor = os.memfd_create(name)
        os.posix_fallocate(descriptor, 0, SIZE)
        made.append(Memory(descriptor, SIZE, flags=mmap.MAP_SHARED))
        os.close(descriptor)
        made[-1].slices, made[-1].refusal = [], 0
    yield made
    for memory in made:
        memory.close()


def resident(name: str) -> int:
    """Bytes of that memory that this process has before it."""
    maps = Path("/proc/self/smaps").read_text()
    found = re.search(rf"memfd:{name}.*\n(?:\w+: .*\n)*?Rss: +(\d+) kB", maps)
    assert found is not None
    return int(found[1]) * 1024


async def ended() -> None:
    """Wait until nothing runs beside the test."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


async def test_all_of_it_comes_in_slices_with_rests(memories: list[Memory]) -> None:
    ticks, rests = count(), list[float]()

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    assert resident("weir-presence-one") == 0
    presence = Presence(lambda: float(next(ticks)), rest)
    presence.follow(memories[0])
    presence.follow(memories[0])
    await ended()
    presence.follow(memories[0])
    await ended()
    assert memories[0].slices == [(0, SLICE), (SLICE, SLICE), (2 * SLICE, 3 * mmap.PAGESIZE)]
    assert rests == [REST] * 3
    assert resident("weir-presence-one") == SIZE
    assert not any(memories[0]), "what it holds stays as it is"


@pytest.mark.parametrize("has_second", [True, False])
async def test_memory_that_is_in_use_no_more_is_given_up(memories: list[Memory], has_second: bool) -> None:
    resting, go_on = asyncio.Event(), asyncio.Event()

    async def rest(_: float) -> None:
        resting.set()
        await go_on.wait()

    presence = Presence(sleep=rest)
    presence.follow(memories[0])
    await resting.wait()
    presence.follow(memories[1] if has_second else None)
    go_on.set()
    await ended()
    assert memories[0].slices == [(0, SLICE)]
    assert len(memories[1].slices) == (3 if has_second else 0)


@pytest.mark.parametrize("refusal", [errno.EINVAL, errno.ENOMEM])
async def test_a_kernel_that_cannot_is_asked_once(memories: list[Memory], refusal: int) -> None:
    memories[0].refusal = refusal
    presence = Presence()
    with structlog.testing.capture_logs() as logs:
        presence.follow(memories[0])
        await ended()
        presence.follow(memories[0])
        await ended()
    assert len(memories[0].slices) == len(logs) == 1
    assert logs[0]["log_level"] == "info"
