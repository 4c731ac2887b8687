"""What the core says of a packet that it handed over: answered from the cache, lacking a question, or not its own."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from resolver.core import native
from resolver.exchange.model import Question
from resolver.exchange.scan import TtlLimits, scan
from resolver.listeners.steps import CoreSteps
from resolver.policy.model import Policy

CLIENT = "127.0.0.11"
NOW, UNIX = 5_000.0, 1_700_000_000.0


@pytest.fixture
def world(make_world: Callable[..., Any], make_plan: Callable[..., Any], wire: Callable[[str], bytes]) -> Any:
    policy = Policy(1, block=1 << 0, safe_search={wire("search.test"): wire("safe.test")})
    plan = make_plan({"bets": "bets.test\n"}, {"127.0.0.11/32": policy})
    return make_world(plan)


@pytest.fixture
def step(world: Any) -> Callable[[bytes], Any]:
    core = native.Core(world.core_cache)
    steps = CoreSteps(world.state, core, monotonic=lambda: NOW, clock=lambda: UNIX)
    return lambda packet: steps.step(packet, ip_address(CLIENT).packed)


def test_a_name_that_is_let_through_lacks_its_question(step: Any, make_query: Any, wire: Any) -> None:
    assert step(make_query("Free.Test", 28, edns=(1232, 0, True, b""))) == Question(
        wire("free.test"), 28, 1, dnssec_ok=True
    )
    assert step(make_query("free.test", flags=0x0110)) == Question(
        wire("free.test"), 1, checking_disabled=True
    )


@pytest.mark.parametrize("name", ["bets.test", "search.test", "allowed.demo.test"])
def test_what_is_not_only_missing_is_the_pipelines(step: Any, make_query: Any, name: str) -> None:
    assert step(make_query(name)) is None


@pytest.mark.parametrize("target", ["cdn.test", "bets.test"])
def test_with_the_answer_in_the_cache(
    world: Any, step: Any, make_query: Any, make_reply: Any, wire: Any, target: str
) -> None:
    """A plain answer is the pipeline's, byte for byte; one that leads to a blocked name is left to it."""
    packet = make_query("free.test")
    question = step(packet)
    answer = scan(make_reply(question, [wire(target)], [bytes(4)]), question, TtlLimits(), NOW).answer
    world.put(answer)
    before = world.core_cache.usage()
    if target == "bets.test":
        assert step(packet) is None
    else:
        assert step(packet) == world.oracle(packet, CLIENT)
    assert world.core_cache.usage() == before


def test_what_is_no_query_is_the_pipelines(step: Any) -> None:
    assert step(b"") is None
    assert step(bytes(11)) is None
