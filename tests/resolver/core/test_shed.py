"""What finds no room in the ring: a stale answer as the oracle gives it, judged as ever; else SERVFAIL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from resolver.answer.native_state import settings_of
from resolver.core import native
from resolver.core.settings import Limits
from resolver.exchange.model import Answer, FailureKind, Question, Resolution
from resolver.exchange.scan import TtlLimits, scan
from resolver.policy.model import Policy

CLIENT = "127.0.0.11"
ADDRESS = bytes([198, 51, 100, 1])
NOW_MS, UNIX_MS = 5_000_000, 1_700_000_000_000
"""The world's clocks."""
TTL = 300
GAMBLING = 1
NXDOMAIN = 3
EDE_STALE, EDE_NOT_READY, EDE_STALE_NXDOMAIN = (b"\0\x0f\0\x02\0" + bytes([code]) for code in (3, 14, 19))

Ask = Callable[..., bytes]


@pytest.fixture
def world(make_world: Callable[..., Any], make_plan: Callable[..., Any]) -> Callable[..., Any]:
    def build(**options: Any) -> Any:
        plan = make_plan(lists={"bets": "bets.test\n"}, clients={"127.0.0.11/32": Policy(1, block=GAMBLING)})
        return make_world(plan, **options)

    return build


@pytest.fixture
def make_answer(make_reply: Callable[..., bytes], wire: Callable[[str], bytes]) -> Callable[..., Answer]:
    """An answer for free.test that ended ``past`` seconds before the world's now."""

    def make(*aliases: str, past: float = 10.0, rcode: int = 0) -> Answer:
        question = Question(wire("free.test"), 1)
        reply = make_reply(
            question, [wire(alias) for alias in aliases], [] if rcode else [ADDRESS], ttl=TTL, rcode=rcode
        )
        answer = scan(reply, question, TtlLimits(), NOW_MS / 1000 - past).answer
        assert answer is not None
        return answer._replace(stored=NOW_MS / 1000 - past - answer.ttl)

    return make


def shed(world: Any, packet: bytes) -> bytes | None:
    answer = world.core.shed(world.state, packet, bytes([127, 0, 0, 11]), now_ms=NOW_MS, unix_ms=UNIX_MS)
    assert answer is None or isinstance(answer, bytes)
    return answer


@pytest.mark.parametrize("edns", [None, (1232, 0, False, b"")])
@pytest.mark.parametrize(
    ("aliases", "rcode", "ede"),
    [
        ((), 0, EDE_STALE),
        (("cdn.test",), 0, EDE_STALE),
        (("bets.test",), 0, None),
        ((), NXDOMAIN, EDE_STALE_NXDOMAIN),
    ],
)
def test_a_stale_answer_is_the_oracles(
    world: Callable[..., Any],
    make_query: Ask,
    make_answer: Callable[..., Answer],
    aliases: tuple[str, ...],
    rcode: int,
    ede: bytes | None,
    edns: Any,
) -> None:
    made, packet, kept = world(), make_query("FrEe.TeSt", edns=edns), make_answer(*aliases, rcode=rcode)
    made.put(kept)
    assert made.native(packet, CLIENT) is native.HANDED_OVER
    miss = made.oracle(packet, CLIENT)
    expected = made.pipeline.resume(miss, Resolution(kept, stale=True), now=UNIX_MS / 1000)
    answer = shed(made, packet)
    assert answer is not None
    assert answer == expected
    assert (ADDRESS in answer) == (ede == EDE_STALE)
    assert ede is None or (ede in answer) == (edns is not None)
    counts = made.core_counts()
    assert (counts["shed"], counts["queries_udp"], counts["handed_over"], counts["servfail"]) == (1, 1, 1, 0)
    assert (counts["stale_answers"], counts["blocked_by_target"]) == (1, ede is None)


@pytest.mark.parametrize("past", [None, 10.0, 10.001])
def test_without_one_it_is_a_failure(
    world: Callable[..., Any], make_query: Ask, make_answer: Callable[..., Answer], past: float | None
) -> None:
    made, packet = world(), make_query("free.test")
    settings = replace(settings_of(made.generation), stale_ms=10_000)
    made.state = native.State(made.folder / "snapshot", made.folder / "tables", settings)
    if past is not None:
        made.put(make_answer(past=past))
    miss = made.oracle(packet, CLIENT)
    expected = made.pipeline.give_up(miss, FailureKind.OVERLOAD, now=UNIX_MS / 1000)
    assert shed(made, packet) == expected
    assert EDE_NOT_READY in expected
    counts = made.core_counts()
    assert (counts["shed"], counts["queries_udp"], counts["servfail"], counts["stale_answers"]) == (
        1,
        1,
        1,
        0,
    )


def test_what_came_meanwhile_is_given_and_the_limit_is_not_asked_twice(
    world: Callable[..., Any], make_query: Ask, make_answer: Callable[..., Answer]
) -> None:
    made = world(limiter_key=bytes(16), options={"limits": Limits(per_second=1)})
    packet = make_query("free.test")
    assert made.native(packet, CLIENT) is native.HANDED_OVER
    made.put(make_answer(past=-100.0))
    answer = shed(made, packet)
    assert answer is not None
    assert ADDRESS in answer
    assert EDE_STALE not in answer
    counts = made.core_counts()
    assert (counts["cache_hits"], counts["rate_slipped"], counts["rate_dropped"]) == (1, 0, 0)


def test_silence_for_what_is_no_query(world: Callable[..., Any]) -> None:
    made = world()
    assert [shed(made, packet) for packet in (b"", b"\0" * 11)] == [None] * 2
