"""The forwarder against real sockets: upstreams that answer, lie, cut, are slow or are dead."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from resolver.exchange.model import FailureKind, Question
from resolver.tables.model import ResolverSettings

REAL, FORGED = bytes((192, 0, 2, 1)), "203.0.113.66"


def _open_files() -> int:
    gc.collect()  # what earlier tests left to the collector would be closed at some other moment
    return len(os.listdir(f"/proc/{os.getpid()}/fd"))


def _name(number: int) -> Question:
    label = f"n{number}".encode()
    return Question(bytes((len(label),)) + label + b"\x07example\x00", 1)


@pytest.fixture
def dead_address() -> str:
    """A loopback port where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"


async def test_an_answer_and_then_the_cache(
    make_forwarder: Any, upstream: Any, question: Question, clock: Any
) -> None:
    forwarder, counts = await make_forwarder(upstream.address)
    assert forwarder.cached(question) is None
    resolution = await forwarder.resolve(question)
    assert resolution.answer.addresses == (REAL,)
    clock.offset = 20.5
    assert forwarder.cached(question) is resolution.answer
    assert forwarder.age(resolution.answer) == 20
    assert forwarder.cache_entries == 1
    assert forwarder.cache_bytes > 0
    assert len(upstream.queries) == 1
    assert counts["cache_hits"] == 1
    (state,) = forwarder.upstream_states()
    assert (state.address, state.healthy, state.failures) == (upstream.address, True, 0)
    assert state.rtt < 1


async def test_over_ipv6(make_forwarder: Any, make_upstream: Any, question: Question) -> None:
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").is_file():
        pytest.skip("this machine has no IPv6 loopback")
    upstream = await make_upstream("::1")
    forwarder, _ = await make_forwarder(upstream.address)
    assert (await forwarder.resolve(question)).answer.addresses == (REAL,)


async def test_every_query_has_its_own_random_port(make_forwarder: Any, upstream: Any) -> None:
    forwarder, _ = await make_forwarder(upstream.address)
    await asyncio.gather(*(forwarder.resolve(_name(number)) for number in range(40)))
    ports = {source[1] for source in upstream.sources}
    assert len(ports) > 35
    assert max(ports) - min(ports) > 10_000


async def test_identical_questions_are_asked_once(
    make_forwarder: Any, upstream: Any, question: Question
) -> None:
    forwarder, counts = await make_forwarder(upstream.address)
    resolutions = await asyncio.gather(*(forwarder.resolve(question) for _ in range(50)))
    assert {resolution.answer.addresses for resolution in resolutions} == {(REAL,)}
    assert len(upstream.queries) == 1
    assert counts["coalesced"] == 49


async def test_a_dead_upstream_is_felt_at_once(
    make_forwarder: Any, upstream: Any, question: Question, dead_address: str
) -> None:
    forwarder, counts = await make_forwarder(dead_address, upstream.address, dice=Random(1))
    assert (await forwarder.resolve(question)).answer is not None
    assert counts["upstream_unreachable"] == 1
    assert counts["upstream_timeouts"] == 0


async def test_only_dead_upstreams_fail_at_once(
    make_forwarder: Any, question: Question, dead_address: str
) -> None:
    forwarder, counts = await make_forwarder(dead_address)
    assert (await forwarder.resolve(question)).failure is FailureKind.NETWORK
    assert counts["upstream_timeouts"] == 0


async def test_a_network_that_cannot_be_sent_to_fails_at_once(
    make_forwarder: Any, question: Question
) -> None:
    forwarder, counts = await make_forwarder("255.255.255.255:53")
    assert (await forwarder.resolve(question)).failure is FailureKind.NETWORK
    assert counts["upstream_timeouts"] == 0


async def test_a_silent_upstream_ends_in_bounded_time(
    make_forwarder: Any, upstream: Any, question: Question
) -> None:
    upstream.on_datagram = lambda query: []
    forwarder, counts = await make_forwarder(upstream.address, query_timeout=0.4)
    async with asyncio.timeout(30):
        assert (await forwarder.resolve(question)).failure is FailureKind.UNREACHABLE
    assert counts["failures_unreachable"] == 1


async def test_a_slow_upstream_is_passed_over(
    make_forwarder: Any, make_upstream: Any, question: Question
) -> None:
    slow, quick = await make_upstream(), await make_upstream()
    slow.on_datagram = lambda query: []
    forwarder, counts = await make_forwarder(slow.address, quick.address)
    assert (await forwarder.resolve(question)).answer.addresses == (REAL,)
    assert counts["upstream_timeouts"] == 1


async def test_an_answer_from_a_wrong_address_is_discarded(
    make_forwarder: Any, upstream: Any, question: Question, answer: Any
) -> None:
    def lie(query: bytes) -> list[bytes]:
        upstream.stranger.sendto(answer(query, FORGED), upstream.sources[-1])
        return [answer(query)]

    upstream.on_datagram = lie
    forwarder, counts = await make_forwarder(upstream.address)
    assert (await forwarder.resolve(question)).answer.addresses == (REAL,)
    assert counts["discarded_address"] == 1


@pytest.mark.parametrize("kind", ["id", "question", "malformed"])
async def test_lies_from_the_right_address_are_discarded(
    make_forwarder: Any, upstream: Any, question: Question, answer: Any, kind: str
) -> None:
    def lie(query: bytes) -> list[bytes]:
        forged = {
            "id": bytes((query[0] ^ 1,)) + answer(query, FORGED)[1:],
            "question": answer(query.replace(query[13:15], b"zz"), FORGED),
            "malformed": query[:2] + b"\x81\x80" + os.urandom(50),
        }
        return [forged[kind], answer(query)]

    upstream.on_datagram = lie
    forwarder, counts = await make_forwarder(upstream.address)
    assert (await forwarder.resolve(question)).answer.addresses == (REAL,)
    assert counts["discarded_id"] + counts["discarded_question"] + counts["discarded_malformed"] == 1


async def test_a_changed_case_is_asked_again_over_tcp(
    make_forwarder: Any, upstream: Any, question: Question, answer: Any
) -> None:
    upstream.on_datagram = lambda query: [answer(query[:12] + query[12:].swapcase(), FORGED)]
    forwarder, counts = await make_forwarder(upstream.address)
    assert (await forwarder.resolve(question)).answer.addresses == (REAL,)
    assert counts["discarded_case"] == 1
    assert len(upstream.streams) == 1


async def test_a_guesser_of_ids_moves_the_question_to_tcp(
    make_forwarder: Any, upstream: Any, question: Question, answer: Any
) -> None:
    upstream.on_datagram = lambda query: [
        bytes((query[0] ^ guess,)) + answer(query, FORGED)[1:] for guess in range(1, 40)
    ]
    forwarder, counts = await make_forwarder(upstream.address)
    assert (await forwarder.resolve(question)).answer.addresses == (REAL,)
    assert counts["discarded_id"] == 3
    assert counts["upstream_tcp"] == 1


async def test_a_truncated_answer_comes_whole_over_tcp(
    make_forwarder: Any, upstream: Any, question: Question, answer: Any
) -> None:
    upstream.on_datagram = lambda query: [answer(query, flags=0x8380)]
    forwarder, counts = await make_forwarder(upstream.address)
    assert (await forwarder.resolve(question)).answer.addresses == (REAL,)
    assert counts["upstream_tcp"] == 1


@pytest.mark.parametrize("frame", [b"", b"\x00", b"\x00\x20abc", b"\x00\x00", b"\x00\x04abcd"])
async def test_a_broken_tcp_answer_leads_to_the_next_upstream(
    make_forwarder: Any, make_upstream: Any, question: Question, answer: Any, frame: bytes
) -> None:
    broken, sound = await make_upstream(), await make_upstream()
    broken.on_datagram = lambda query: [answer(query, flags=0x8380)]
    broken.frame = lambda message: frame
    forwarder, counts = await make_forwarder(broken.address, sound.address)
    assert (await forwarder.resolve(question)).answer.addresses == (REAL,)
    assert len(sound.queries) == 1
    assert counts["upstream_timeouts"] == 0


async def test_tcp_where_nobody_listens(
    make_forwarder: Any, upstream: Any, question: Question, answer: Any
) -> None:
    upstream.on_datagram = lambda query: [answer(query, flags=0x8380)]
    upstream.server.close()
    forwarder, counts = await make_forwarder(upstream.address)
    assert (await forwarder.resolve(question)).failure is FailureKind.NETWORK
    assert (counts["upstream_unreachable"], counts["upstream_timeouts"]) == (1, 0)


async def test_sockets_are_bounded(make_forwarder: Any, upstream: Any) -> None:
    upstream.on_datagram = lambda query: []
    forwarder, counts = await make_forwarder(upstream.address, max_sockets=3)
    before = _open_files()
    waiting = [asyncio.ensure_future(forwarder.resolve(_name(number))) for number in range(10)]
    refused = [await ended for ended in islice(asyncio.as_completed(waiting), 7)]
    assert {resolution.failure for resolution in refused} == {FailureKind.OVERLOAD}
    assert sum(not future.done() for future in waiting) == 3
    assert _open_files() - before == 4, "three sockets and what watches them"
    assert counts["overload"] == 7


async def test_a_stale_answer_while_the_upstream_is_dead(
    make_forwarder: Any, make_upstream: Any, question: Question, clock: Any, dead_address: str
) -> None:
    upstream = await make_upstream()
    forwarder, _ = await make_forwarder(upstream.address)
    await forwarder.resolve(question)
    forwarder.reconfigure(replace(ResolverSettings(), upstreams=(dead_address,)))
    clock.offset = 1000.0
    assert forwarder.cached(question) is None
    resolution = await forwarder.resolve(question)
    assert resolution.stale
    assert resolution.answer.addresses == (REAL,)


async def test_a_popular_answer_is_fetched_before_it_expires(
    make_forwarder: Any, upstream: Any, question: Question, clock: Any
) -> None:
    forwarder, counts = await make_forwarder(upstream.address)
    first = (await forwarder.resolve(question)).answer
    upstream.came.clear()
    clock.offset = 295.0
    for _ in range(4):
        assert forwarder.cached(question) is first
    await upstream.came.wait()
    async with asyncio.timeout(30):
        while forwarder.in_flight:
            await asyncio.sleep(0)
    assert forwarder.cached(question).stored > first.stored + 290
    assert counts["prefetches"] == 1


async def test_new_settings_keep_what_is_in_flight(
    make_forwarder: Any, make_upstream: Any, question: Question, answer: Any
) -> None:
    old, new = await make_upstream(), await make_upstream()
    old.on_datagram = lambda query: []
    forwarder, _ = await make_forwarder(old.address)
    waiting = asyncio.ensure_future(forwarder.resolve(question))
    await old.came.wait()
    forwarder.reconfigure(replace(ResolverSettings(), upstreams=(new.address,)))
    old.transport.sendto(answer(old.queries[0]), old.sources[0])
    assert (await waiting).answer.addresses == (REAL,)
    await forwarder.resolve(_name(1))
    assert len(new.queries) == 1
    with pytest.raises(ValueError, match="upstream 'bad'"):
        forwarder.reconfigure(replace(ResolverSettings(), upstreams=("bad",)))


async def test_a_waiter_that_is_cancelled_leaves_nothing_behind(
    make_forwarder: Any, upstream: Any, question: Question, answer: Any
) -> None:
    upstream.on_datagram = lambda query: []
    forwarder, _ = await make_forwarder(upstream.address)
    waiting = asyncio.ensure_future(forwarder.resolve(question))
    await upstream.came.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    upstream.transport.sendto(answer(upstream.queries[0]), upstream.sources[0])
    async with asyncio.timeout(30):
        while forwarder.cached(question) is None:
            await asyncio.sleep(0)
    assert not forwarder._waiters


async def test_closing_ends_everything(
    make_forwarder: Any, upstream: Any, question: Question, answer: Any
) -> None:
    upstream.on_datagram = lambda query: [answer(query, flags=0x8380)] if b"\x02n0" in query.lower() else []
    upstream.may_answer_streams.clear()
    forwarder, _ = await make_forwarder(upstream.address)
    before = _open_files()
    waiting = [asyncio.ensure_future(forwarder.resolve(_name(number))) for number in range(5)]
    await upstream.stream_came.wait()
    assert _open_files() == before + 8, "five datagram sockets, what watches them, both ends of a connection"
    await forwarder.close()
    await forwarder.close()
    assert {resolution.failure for resolution in await asyncio.gather(*waiting)} == {FailureKind.UNREACHABLE}
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("upstream over TCP")]
    assert _open_files() == before + 1, "only the upstream's end of the connection is left"
    assert (await forwarder.resolve(question)).failure is FailureKind.UNREACHABLE
    assert forwarder.cached(question) is None


async def test_closing_may_wait_for_the_answers(
    make_forwarder: Any, upstream: Any, question: Question, answer: Any
) -> None:
    upstream.on_datagram = lambda query: []
    forwarder, _ = await make_forwarder(upstream.address)
    waiting = asyncio.ensure_future(forwarder.resolve(question))
    await upstream.came.wait()
    closing = asyncio.ensure_future(forwarder.close(drain=5.0))
    await asyncio.sleep(0)
    upstream.transport.sendto(answer(upstream.queries[0]), upstream.sources[0])
    assert (await waiting).answer is not None
    await closing


async def test_a_thousand_questions_at_once(make_forwarder: Any, upstream: Any) -> None:
    before = _open_files()
    forwarder, counts = await make_forwarder(upstream.address)
    for _ in range(5):
        names = [_name(number) for number in range(200)]
        resolutions = await asyncio.gather(*(forwarder.resolve(name) for name in names))
        assert all(resolution.answer is not None for resolution in resolutions)
    assert counts["cache_hits"] == 800
    assert forwarder.in_flight == 0
    await forwarder.close()
    assert _open_files() == before
