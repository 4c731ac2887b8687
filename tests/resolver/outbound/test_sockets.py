"""Which socket carries a question: chosen at random, used again only when nothing is open about it, bounded."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from resolver.outbound import sockets
from resolver.outbound.sockets import MAX_AGE, MAX_QUESTIONS, SPARE, Channel, SocketPool


@pytest.fixture
def make_pool() -> Iterator[Callable[..., SocketPool]]:
    pools: list[tuple[SocketPool, set[Channel]]] = []

    def make(limit: int = 4 * SPARE) -> SocketPool:
        live: set[Channel] = set()
        pools.append((SocketPool(random.Random(1), limit, opened=live.add, closing=live.remove), live))
        return pools[-1][0]

    yield make
    for pool, live in pools:
        pool.close()
        assert len(pool) == len(live), "every socket was told of, opened and closed"
        for channel in live:
            channel.sock.close()


def _answered(pool: SocketPool, now: float, is_ipv6: bool = False) -> Channel:
    """A question that got its one answer."""
    channel = pool.take(is_ipv6, now)
    channel.attempt, channel.received = 1, 1
    channel.questions += 1
    return channel


def test_few_questions_have_a_fresh_port_each(make_pool: Any) -> None:
    pool = make_pool()
    ports = set()
    for _ in range(SPARE):
        channel = _answered(pool, 0.0)
        ports.add(channel.sock.getsockname()[1])
        pool.give_back(channel, 0.0)
    assert len(ports) > SPARE - 5, "but for equal random ports"
    assert pool.idle == SPARE


def test_many_questions_choose_among_many_sockets(make_pool: Any) -> None:
    pool = make_pool()
    chosen = []
    for _ in range(2_000):
        channel = _answered(pool, 0.0)
        chosen.append(channel)
        pool.give_back(channel, 0.0)
        assert pool.idle <= SPARE + 1
    reused = [channel for channel in chosen[SPARE + 1 :] if channel.questions > 1]
    assert len(set(reused)) > SPARE / 2
    assert max(channel.questions for channel in chosen) <= MAX_QUESTIONS


@pytest.mark.parametrize(
    ("received", "questions", "age", "is_kept"),
    [
        (1, 1, 0.0, True),
        (0, 1, 0.0, False),
        (2, 1, 0.0, False),
        (1, MAX_QUESTIONS, 0.0, False),
        (1, MAX_QUESTIONS - 1, MAX_AGE - 0.01, True),
        (1, 1, MAX_AGE, False),
    ],
)
def test_what_makes_a_socket_fit_for_another_question(
    make_pool: Any, received: int, questions: int, age: float, is_kept: bool
) -> None:
    pool = make_pool()
    channel = pool.take(False, 0.0)
    channel.received, channel.questions = received, questions
    pool.give_back(channel, age)
    assert (pool.idle, len(pool)) == (is_kept, is_kept)
    assert (channel.sock.fileno() >= 0) == is_kept


def test_old_ones_are_closed_when_they_are_drawn_or_swept(make_pool: Any) -> None:
    pool = make_pool(limit=8)
    for channel in [_answered(pool, 0.0) for _ in range(4)]:
        pool.give_back(channel, 0.0)
    assert pool.idle == 4
    assert pool.take(False, MAX_AGE).born == MAX_AGE
    pool.sweep(MAX_AGE)
    assert (pool.idle, len(pool)) == (0, 1)


def test_the_bound_holds_and_the_other_family_makes_room(make_pool: Any) -> None:
    pool = make_pool(limit=4)
    carrying = [pool.take(False, 0.0) for _ in range(3)]
    idle = _answered(pool, 0.0)
    pool.give_back(idle, 0.0)
    assert (len(pool), pool.idle) == (4, 1)
    carrying.append(pool.take(True, 0.0))
    assert (len(pool), pool.idle) == (4, 0)
    with pytest.raises(OSError, match="in use") as raised:
        pool.take(False, 0.0)
    assert raised.value.errno == errno.EMFILE
    for channel in carrying:
        pool.discard(channel)
    assert len(pool) == 0


def test_an_idle_socket_is_better_than_none(make_pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make_pool()
    known = _answered(pool, 0.0)
    pool.give_back(known, 0.0)

    def refuse(*_: Any) -> None:
        raise OSError(errno.EMFILE, "refused by the test")

    monkeypatch.setattr(sockets.socket, "socket", refuse)
    assert pool.take(False, 0.0) is known
    with pytest.raises(OSError, match="refused"):
        pool.take(False, 0.0)
    pool.discard(known)


def test_a_socket_that_hears_unasked_is_retired(make_pool: Any) -> None:
    pool = make_pool()
    channel = _answered(pool, 0.0)
    pool.give_back(channel, 0.0)
    pool.retire(channel)
    assert (pool.idle, len(pool), channel.sock.fileno()) == (0, 0, -1)
