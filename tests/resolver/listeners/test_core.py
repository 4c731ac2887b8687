"""The event loop's side of the core's thread, with an engine that hands over what a test gives it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import dns.message
import pytest

from resolver.exchange.model import Question
from resolver.listeners.core import SLICE, CoreListener
from resolver.listeners.steps import CoreSteps

CLIENT = bytes([192, 0, 2, 7])


class FakeEngine:
    """Queries go in by ``hand``; answers come out in ``replies`` when they are flushed."""

    expected = 0

    def __init__(self) -> None:
        self.queries: deque[tuple[int, bytes, bytes, int]] = deque()
        self.given: dict[int, bytes | None] = {}
        self.replies: dict[int, bytes | None] = {}
        self.flushes: list[int] = []
        self.slices: list[int] = []
        self.refuses = False
        self.finished = self.stopped = False
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def hand(self, *queries: tuple[int, bytes, bytes]) -> None:
        self.queries.extend((*query, 0) for query in queries)
        os.eventfd_write(self._bell, 1)

    def start(self, state: object, cache: object) -> None:
        self.started_with = state, cache

    def use(self, state: object, cache: object) -> None:
        self.used = state, cache

    def states_held(self) -> int:
        return 1

    def fileno(self) -> int:
        return self._bell

    def heard(self) -> None:
        os.eventfd_read(self._bell)

    def take(self, limit: int) -> list[tuple[int, bytes, bytes, int]]:
        taken = [self.queries.popleft() for _ in range(min(limit, len(self.queries)))]
        self.slices.append(len(taken))
        return taken

    def reply(self, token: int, answer: bytes | None) -> bool:
        assert token not in self.replies.keys() | self.given.keys()
        self.given[token] = answer
        return not self.refuses

    def flush(self) -> None:
        self.replies |= self.given
        self.flushes.append(len(self.given))
        self.given.clear()
        if self.is_idle:
            os.eventfd_write(self._bell, 1)

    def finish(self) -> None:
        self.finished = True
        os.eventfd_write(self._bell, 1)

    def stop(self) -> None:
        self.stopped = True
        os.close(self._bell)

    @property
    def is_idle(self) -> bool:
        return self.finished and not self.queries and len(self.replies) == self.expected


class FakeServer:
    """Answers with the client's address at once, or when told to."""

    def clock(self) -> float:
        raise AssertionError("the core that would ask for the time is not asked here")

    def __init__(self) -> None:
        self.late: list[Callable[[bytes | None], None]] = []

    def serve_handed_over(
        self, steps: CoreSteps, packet: bytes, client: bytes, send: Callable[[bytes | None], None]
    ) -> None:
        if packet.startswith(b"L"):
            self.late.append(send)
        else:
            send(client)


class Setting:
    """A listener between both."""

    def __init__(self) -> None:
        self.engine, self.server = FakeEngine(), FakeServer()
        self.asked_again: list[Question] = []
        self.counted: Counter[str] = Counter()
        made: Any = CoreListener
        self.listener: CoreListener = made(
            self.engine,
            self.server,
            prefetch=self.asked_again.append,
            count=lambda name: self.counted.update([name]),
        )
        no_state: Any = None
        self.listener.start(no_state, None)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0)


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    made = Setting()
    yield made
    made.listener.close()


async def test_every_query_gets_its_answer(setting: Setting) -> None:
    other = socket.inet_pton(socket.AF_INET6, "2001:db8::7")
    setting.engine.hand((1, b"Q", CLIENT), (2, b"Q", other))
    await setting.until(lambda: len(setting.engine.replies) == 2)
    assert setting.engine.replies == {1: CLIENT, 2: other}


async def test_answers_given_together_wake_the_thread_once(setting: Setting) -> None:
    setting.engine.hand(*((number, b"L", CLIENT) for number in range(1, 11)))
    await setting.until(lambda: len(setting.server.late) == 10)
    for send in setting.server.late:
        send(b"late")
    assert setting.engine.flushes == []
    await setting.until(lambda: len(setting.engine.replies) == 10)
    setting.engine.hand((11, b"Q", CLIENT))
    await setting.until(lambda: len(setting.engine.replies) == 11)
    assert setting.engine.flushes == [10, 1]


async def test_other_work_gets_its_turn_between_slices(setting: Setting) -> None:
    turns: list[int] = []
    count = 5 * SLICE + 3
    setting.engine.hand(*((number, b"Q", CLIENT) for number in range(1, count + 1)))

    def other() -> None:
        turns.append(len(setting.engine.replies))
        if turns[-1] < count:
            asyncio.get_running_loop().call_soon(other)

    other()
    await setting.until(lambda: len(setting.engine.replies) == count)
    assert max(setting.engine.slices) == SLICE
    assert len({turn for turn in turns if turn % SLICE == 0}) >= 4


async def test_a_hint_asks_upstream_again_and_is_owed_no_answer(setting: Setting) -> None:
    query = dns.message.make_query("Popular.Example", "AAAA", want_dnssec=True).to_wire()
    setting.engine.hand((0, query, CLIENT), (0, b"no query", CLIENT), (1, b"Q", CLIENT))
    await setting.until(lambda: bool(setting.engine.replies))
    assert setting.asked_again == [Question(b"\7popular\7example\0", 28, 1, True, False)]
    assert list(setting.engine.replies) == [1]


async def test_a_fault_costs_no_other_query_its_answer(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(setting.listener, "_prefetch", fail)
    query = dns.message.make_query("popular.example", "A").to_wire()
    setting.engine.hand((0, query, CLIENT), *((number, b"Q", CLIENT) for number in range(1, 2 * SLICE)))
    await setting.until(lambda: len(setting.engine.replies) == 2 * SLICE - 1)
    assert setting.counted["faults"] == 1


async def test_an_answer_that_the_core_cannot_take_is_counted(setting: Setting) -> None:
    setting.engine.refuses = True
    setting.engine.hand((1, b"Q", CLIENT))
    await setting.until(lambda: bool(setting.engine.replies))
    assert setting.counted["udp_errors"] == 1


async def test_the_end_waits_for_late_answers(setting: Setting) -> None:
    setting.engine.expected = 2
    setting.engine.hand((1, b"L", CLIENT), (2, b"Q", CLIENT))
    await setting.until(lambda: bool(setting.server.late))
    setting.listener.finish()
    drained = asyncio.ensure_future(setting.listener.drained(5.0))
    await asyncio.sleep(0)
    assert not drained.done()
    setting.server.late[0](b"late")
    await asyncio.wait_for(drained, 30)
    assert setting.engine.replies[1] == b"late"


async def test_the_end_comes_though_an_answer_does_not(setting: Setting) -> None:
    setting.engine.expected = 1
    setting.engine.hand((1, b"L", CLIENT))
    await setting.until(lambda: bool(setting.server.late))
    setting.listener.finish()
    await asyncio.wait_for(setting.listener.drained(0.01), 30)
    assert not setting.engine.replies
