"""Answers for names of secret lists are those for names of security lists, byte for byte; and without the lists' key the
core serves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from resolver.answer.native_state import settings_of
from resolver.core import native
from resolver.exchange.model import Question
from resolver.exchange.scan import TtlLimits, scan
from resolver.policy.model import Policy

CLIENT = "127.0.0.11"
HIDDEN, MALWARE = "hidden.test", "malwar.test"
"""Of one length, so that nothing but the names themselves may differ."""
ANY, HTTPS, TXT = 255, 65, 16


@pytest.fixture(params=[True, False], ids=["with cache", "without"])
def world(
    request: pytest.FixtureRequest, make_world: Callable[..., Any], make_plan: Callable[..., Any]
) -> Any:
    lists = {"voluntary": f"{HIDDEN}\n", "threats": f"{MALWARE}\n"}
    plan = make_plan(lists=lists, clients={"127.0.0.11/32": Policy(1, security=0xFFFF)})
    return make_world(plan, with_cache=request.param)


def both(world: Any, packet: bytes) -> bytes:
    """The core's answer, which is the oracle's."""
    answer = world.native(packet, CLIENT)
    assert answer == world.oracle(packet, CLIENT)
    assert isinstance(answer, bytes)
    return answer


@pytest.mark.parametrize("qtype", [1, 28, 5, TXT, HTTPS, ANY])
@pytest.mark.parametrize("below", ["", "www.", "a.b.c."])
def test_the_same_bytes(world: Any, make_query: Callable[..., bytes], qtype: int, below: str) -> None:
    for edns in (None, (1232, 0, True, b"")):
        hidden = both(world, make_query(below + HIDDEN, qtype, edns=edns))
        known = both(world, make_query(below + MALWARE, qtype, edns=edns))
        assert hidden.replace(b"hidden", b"malwar") == known


@pytest.mark.parametrize("aliases", [1, 2])
def test_the_same_bytes_through_an_alias(
    world: Any,
    make_query: Callable[..., bytes],
    make_reply: Callable[..., bytes],
    wire: Callable[[str], bytes],
    aliases: int,
) -> None:
    if not world.with_cache:
        pytest.skip("only a kept answer leads anywhere here")
    answers = []
    for owner, target in (("to-hid.test", HIDDEN), ("to-mal.test", MALWARE)):
        question = Question(wire(owner), 1)
        chain = [wire("hop.test")] * (aliases - 1) + [wire(target)]
        reply = make_reply(question, chain, [bytes([198, 51, 100, 1])])
        world.put(scan(reply, question, TtlLimits(), 4_999.0).answer)
        answers.append(both(world, make_query(owner)))
        assert both(world, make_query(owner)) == answers[-1]  # judged a second time, by what was noted
    assert answers[0].replace(b"to-hid", b"to-mal") == answers[1]


def test_without_their_key_nothing_is_served(world: Any) -> None:
    settings = settings_of(world.generation)
    snapshot, tables = world.folder / "snapshot", world.folder / "tables"
    with pytest.raises(native.CoreError, match="no index key"):
        native.State(snapshot, tables, settings)
    with pytest.raises(native.CoreError, match="another index key"):
        native.State(snapshot, tables, settings, index_key=bytes(16))
    with pytest.raises(ValueError, match="16 octets"):
        native.State(snapshot, tables, settings, index_key=bytes(15))
