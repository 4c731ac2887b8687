"""Name servers upstream that lie, are silent or are not there: what an appliance in front of them answers and says."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.system

LIES = [
    ("wrong-address", "address"),
    ("wrong-id", "id"),
    ("garbage", "malformed"),
    ("truncated", ""),
]


@pytest.fixture(scope="module")
def box(
    make_shared_appliance: Callable[..., Any], shared_small_config: Callable[..., Any], shared_upstream: Any
) -> Any:
    """The smallest useful configuration, running, with one upstream."""
    made = make_shared_appliance(shared_small_config([f"127.0.0.1:{shared_upstream.port}"]))
    made.start()
    return made


@pytest.fixture
def upstream(box: Any, shared_upstream: Any) -> Iterator[Any]:
    """The box's only upstream, well-behaved at first and again at the end."""
    yield shared_upstream
    shared_upstream.mode, shared_upstream.ttl = "answer", 300
    box.eventually(
        lambda: box.dig(f"good-{time.monotonic_ns()}.test").answers == ["A 198.51.100.7"],
        "answers again",
        30.0,
    )


@pytest.mark.parametrize(("mode", "reason"), LIES)
def test_an_upstream_that_lies_is_seen_through_and_counted(
    box: Any, upstream: Any, mode: str, reason: str
) -> None:
    upstream.mode = mode
    for number in range(3):
        assert box.dig(f"{mode}-{number}.test").answers == ["A 198.51.100.7"]
    if reason:
        assert box.metric(f"weir_resolver_discarded_{reason}_total") >= 1
        box.eventually(lambda: "replies from upstreams were discarded" in box.output, "the message")
    else:  # no lie, only too long for UDP
        assert box.metric("weir_resolver_upstream_tcp_total") >= 3


def test_a_dead_upstream_means_servfail_with_a_reason_in_bounded_time(box: Any, upstream: Any) -> None:
    upstream.mode = "silent"
    dig = box.dig("dead.test", "A", "+timeout=15")
    assert (dig.status, dig.ede) == ("SERVFAIL", [22]), dig.text
    assert box.dig("bets.example").answers == ["A 192.0.2.80"]
    assert box.metric("weir_resolver_upstream_timeouts_total") >= 1

    def told() -> bool:
        box.dig(f"dead-{time.monotonic_ns()}.test", "A", "+timeout=1")
        return "no upstream is left" in box.output

    box.eventually(told, "the message")
    upstream.mode = "answer"
    box.eventually(lambda: box.dig("back.test").answers == ["A 198.51.100.7"], "an answer")
    box.eventually(lambda: "an upstream answers again" in box.output, "the good news")


def test_a_stale_answer_is_better_than_none_and_says_so(box: Any, upstream: Any) -> None:
    upstream.ttl = 1
    assert box.dig("aging.test").answers == ["A 198.51.100.7"]
    upstream.mode = "silent"
    box.eventually(lambda: box.dig("aging.test").ede == [3], "a stale answer")
    assert box.dig("aging.test").answers == ["A 198.51.100.7"]


def test_nobody_listening_upstream_is_felt_at_once(make_appliance: Any, small_config: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    box = make_appliance(small_config([f"127.0.0.1:{port}"]))
    box.start()
    dig = box.dig("free.test")
    assert dig.status == "SERVFAIL"
    assert dig.ede[0] in (22, 23)
    assert box.metric("weir_resolver_upstream_timeouts_total") == 0
