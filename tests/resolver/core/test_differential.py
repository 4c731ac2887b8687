"""The core against its oracle: the same packet under the same state gets the same bytes from Python's pipeline and from
the core, or the core hands it over; and only what it must.

``WEIR_DIFFERENTIAL_CASES=100000`` sets the number of packets (default: a few thousand).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolver.answer.decision import Miss
from resolver.core import native
from resolver.exchange.model import Question
from resolver.exchange.scan import TtlLimits, scan
from resolver.policy.model import Grant, Policy, Rule
from resolver.policy.verdict import suffixes

PACKETS = 40
CASES = int(os.environ.get("WEIR_DIFFERENTIAL_CASES", "3000"))
EXAMPLES = max(1, CASES // PACKETS)
SEEDS = Path(__file__).parents[3].parent / "shared" / "data" / "dns-fuzz-seeds"
NOW = 5_000.0
CLIENTS = ("127.0.0.11", "127.0.0.12", "127.0.1.9", "127.0.0.99", "::1", "::ffff:127.0.0.11", "192.0.2.1", "2001:db8::1")
LOCAL_RULES = ("local.test", "walled.test")
DATA_ZONE = ("$TTL 60", "@ SOA . . 1 1 1 1 1", "@ NS .")


def wire_of(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


HOSTS = (
    "voluntary.test", "court.test", "both.test", "bets.test", "adult.test", "help.bets.test", "nx.test",
    "nodata.test", "drop.test", "tcp.test", "both-tcp.test", "local.test", "walled.test", "free.test",
    "search.test", "safe.test", "cdn.free.test", "deep.a.b.c.free.test",
)  # fmt: skip
ODD = (
    "", "localhost", "me.localhost", "printer.local", "x.onion", "invalid", "resolver.arpa", "_dns.resolver.arpa",
    "1.0.0.127.in-addr.arpa", "demo.test", "allowed.demo.test", "below.allowed.demo.test", "notdemo.test",
    ".".join(["x" * 63] * 3 + ["y" * 61]),
)  # fmt: skip
names = st.one_of(
    st.sampled_from(HOSTS), st.sampled_from(HOSTS).map("www.".__add__), st.sampled_from(ODD)
).map(wire_of)
ADDRESSES = (bytes([198, 51, 100, 1]), bytes([198, 51, 100, 66]), bytes([203, 0, 113, 5]))
ADDRESSES6 = (bytes(15) + b"\1", bytes(10) + b"\xff\xff" + ADDRESSES[1], b"\x20\1\x0d\xb8" + bytes(11) + b"\x66")

LISTS = {
    "voluntary": "voluntary.test\nboth.test\nboth-tcp.test\n",
    "court": "court.test\nboth.test\n",
    "help": "help.bets.test\n",
    "bets": "bets.test\nboth-tcp.test\n",
    "adult": "adult.test\n",
    "zone": "\n".join(
        [
            *DATA_ZONE, "nx.test CNAME .", "*.nx.test CNAME .", "nodata.test CNAME *.", "drop.test CNAME rpz-drop.",
            "tcp.test CNAME rpz-tcp-only.", "both-tcp.test CNAME rpz-tcp-only.", "local.test A 192.0.2.66",
            "walled.test CNAME free.test.", "32.66.100.51.198.rpz-ip CNAME .",
            "128.66.zz.db8.2001.rpz-ip CNAME rpz-drop.", "",
        ]
    ),
    "zone2": "\n".join([*DATA_ZONE, "free.test CNAME rpz-tcp-only.", "24.0.113.0.203.rpz-ip CNAME *.", ""]),
}  # fmt: skip


@st.composite
def policies(draw: st.DrawFn, number: int) -> Policy:
    """Any policy over the bits of the lists above, however odd."""
    bits = st.integers(0, (1 << 16) - 1)
    rules = draw(
        st.dictionaries(
            names.filter(lambda name: name != b"\0"),
            st.lists(st.builds(Rule, st.booleans(), st.booleans()), min_size=1, max_size=2).map(tuple),
            max_size=3,
        )
    )
    grants = st.builds(Grant, names.filter(lambda name: name != b"\0"), st.sampled_from([1.0, 1.7e9, 1.8e9]))
    rewrites = st.sampled_from(["search.test", "www.search.test", "bets.test"]).map(wire_of)
    targets = st.sampled_from(["safe.test", "adult.test", "allowed.demo.test"]).map(wire_of)
    return Policy(
        number,
        block=draw(bits),
        security=draw(bits),
        allow_only=draw(st.booleans()) and draw(st.booleans()),
        only=draw(bits),
        paused=draw(st.integers(0, 7)) == 0,
        rules=rules,
        grants=tuple(draw(st.lists(grants, max_size=2))),
        safe_search=draw(st.dictionaries(rewrites, targets, max_size=2)),
    )


@st.composite
def plans(draw: st.DrawFn, make_plan: Callable[..., Any]) -> Any:
    lists = {id_: LISTS[id_] for id_ in LISTS if draw(st.integers(0, 4))}
    prefixes = ("127.0.0.11/32", "127.0.0.12/32", "127.0.1.0/24", "::1/128")
    return make_plan(
        lists=lists or {"bets": LISTS["bets"]},
        clients={prefix: draw(policies(number + 1)) for number, prefix in enumerate(prefixes)},
        default=draw(policies(0)),
        zones=("demo.test",) if draw(st.booleans()) else (),
        udp_payload=draw(st.sampled_from([512, 1232, 4096])),
    )


@st.composite
def kept(draw: st.DrawFn, make_reply: Callable[..., bytes]) -> Any:
    """An answer as the exchange keeps it, or None where the reply gives none."""
    question = Question(
        draw(names), draw(st.sampled_from([1, 28, 65, 16])), dnssec_ok=draw(st.booleans()), checking_disabled=False
    )
    pool = ADDRESSES6 if question.qtype == 28 else ADDRESSES
    found = draw(st.lists(st.sampled_from(pool), max_size=3)) if question.qtype in (1, 28) else []
    if draw(st.integers(0, 9)) == 0 and found:
        found = found * 12 if question.qtype == 28 else found * 30  # too long for 512 octets
    aliases = draw(st.lists(names.filter(lambda name: name != question.name), max_size=2, unique=True))
    rcode = 3 if not found and draw(st.booleans()) else 0
    message = make_reply(question, aliases, found, ttl=draw(st.sampled_from([0, 10, 300])), rcode=rcode)
    stored = NOW - draw(st.sampled_from([0.0, 5.5, 60.0]))
    return scan(message, question, TtlLimits(), stored).answer


@st.composite
def packets(draw: st.DrawFn, make_query: Callable[..., bytes]) -> bytes:
    name = bytearray(draw(names))
    if draw(st.booleans()):
        name = bytearray(bytes(name).upper())
    option = st.sampled_from([b"", b"\0\3\0\0", b"\0\3\0\5abc", b"\0\1\0"])
    edns = st.tuples(
        st.sampled_from([0, 512, 1232, 4096, 65535]), st.sampled_from([0, 0, 0, 1]), st.booleans(), option
    )
    packet = make_query(
        bytes(name),
        draw(st.sampled_from([1, 1, 1, 28, 28, 65, 16, 5, 255, 0, 41, 250, 251, 252, 128, 254, 65535])),
        qclass=draw(st.sampled_from([1, 1, 1, 1, 1, 1, 3, 255])),
        flags=draw(st.sampled_from([0x0100] * 6 + [0x0110, 0x0120, 0x0000, 0x8100, 0x0900, 0x7900, 0x01FF])),
        edns=draw(st.one_of(st.none(), edns)),
        message_id=draw(st.integers(0, 65535)),
    )
    return draw(damaged(packet)) if draw(st.integers(0, 9)) == 0 else packet


@st.composite
def damaged(draw: st.DrawFn, packet: bytes) -> bytes:
    """A packet with some octets changed, cut off or added."""
    octets = bytearray(packet)
    for _ in range(draw(st.integers(0, 3))):
        octets[draw(st.integers(0, len(octets) - 1))] = draw(st.integers(0, 255))
    return bytes(octets[: draw(st.integers(0, len(octets)))]) + draw(st.binary(max_size=4))


def compare(world: Any, packet: bytes, client: str, over_tcp: bool) -> bool:
    """Ask core, oracle and core again (the oracle may have kept something); True if the second was handed over."""
    first = one(world, packet, client, over_tcp)
    before = world.counted.copy()
    expected = world.oracle(packet, client, over_tcp=over_tcp)
    counted = world.common(world.counted - before)
    second = one(world, packet, client, over_tcp)
    for answer, counts in (first, second):
        if answer is native.HANDED_OVER:
            assert counts == {"handed_over": 1}
            continue
        assert answer == expected
        assert world.common(counts) == counted
        assert not counts["handed_over"]
    if second[0] is native.HANDED_OVER:
        assert isinstance(expected, Miss) or is_pythons(world, packet), packet
    return second[0] is native.HANDED_OVER


def one(world: Any, packet: bytes, client: str, over_tcp: bool) -> tuple[Any, Any]:
    before = world.core_counts()
    answer = world.native(packet, client, over_tcp=over_tcp)
    return answer, world.core_counts() - before


def is_pythons(world: Any, packet: bytes) -> bool:
    """Whether the contract leaves the packet to Python although it is no miss: built-in zones, lists' own records."""
    pythons = {*map(wire_of, LOCAL_RULES), *map(wire_of, world.plan.zones)}
    end = packet.index(0, 12) + 1
    name = packet[12:end].lower()
    led_to = [target for policy in world.policies for target in policy.safe_search.values()]
    led_to += [target for answer in world.answers for target in answer.targets]
    return any(suffix in pythons for each in (name, *led_to) for suffix in suffixes(each))


@pytest.fixture(scope="module")
def shares() -> dict[str, int]:
    return {"packets": 0, "handed over": 0}


@pytest.mark.timeout(0 if CASES > 10_000 else 60)
@pytest.mark.parametrize("with_cache", [True, False])
def test_core_and_oracle_agree(
    with_cache: bool,
    make_world: Callable[..., Any],
    make_plan: Callable[..., Any],
    make_query: Callable[..., bytes],
    make_reply: Callable[..., bytes],
) -> None:
    examples = EXAMPLES * 4 // 5 if with_cache else EXAMPLES // 5
    handed_over = [0, 0]

    @settings(
        max_examples=max(1, examples), deadline=None, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )  # fmt: skip
    @given(st.data())
    def run(data: st.DataObject) -> None:
        plan = data.draw(plans(make_plan))
        world = make_world(plan, with_cache=with_cache)
        world.policies = (*plan.clients.values(), plan.default)
        world.answers = [answer for answer in data.draw(st.lists(kept(make_reply), max_size=20)) if answer]
        for answer in world.answers:
            world.put(answer)
        for packet in data.draw(st.lists(packets(make_query), min_size=PACKETS, max_size=PACKETS)):
            client = data.draw(st.sampled_from(CLIENTS))
            over_tcp = data.draw(st.booleans())
            handed_over[0] += 1
            handed_over[1] += compare(world, packet, client, over_tcp)

    run()
    assert handed_over[1] < handed_over[0]
