"""The core against its oracle: the same packet under the same state gets the same bytes from Python's pipeline and from
the core, or the core hands it over; and only what it must.

``WEIR_DIFFERENTIAL_CASES=100000`` sets the number of packets (default: a few thousand).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from resolver.answer.decision import Miss
from resolver.core import native
from resolver.exchange.model import Answer, Question
from resolver.exchange.scan import TtlLimits, scan
from resolver.policy.model import Grant, Policy, Rule
from resolver.policy.verdict import suffixes

PACKETS = 40
CASES = int(os.environ.get("WEIR_DIFFERENTIAL_CASES", "5000"))
EXAMPLES = max(1, CASES // PACKETS)
LONG = "WEIR_DIFFERENTIAL_CASES" in os.environ
SEEDS = Path(__file__).parents[3].parent / "shared" / "data" / "dns-fuzz-seeds"
NOW, UNIX = 5_000.0, 1_700_000_000.0
"""Seconds: the world's monotonic clock and its time of day."""
CLIENTS = (
    "127.0.0.11",
    "127.0.0.12",
    "127.0.1.9",
    "127.0.0.99",
    "::1",
    "::ffff:127.0.0.11",
    "192.0.2.1",
    "2001:db8::1",
)
COOKIE = b"\0\12\0\30abcdefgh\1\0\0\0eeeehhhhhhhh\0\12\0\10second!!"
LOCAL_RULES = ("local.test", "walled.test")
SEARCHED, SAFE = (
    ("search.test", "www.search.test", "bets.test"),
    ("safe.test", "adult.test", "allowed.demo.test"),
)
COUNTED = (
    "queries_udp", "queries_tcp", "malformed", "refused", "rewritten", "dropped", "tcp_only", "handed_over",
    "blocked_illegal-voluntary", "blocked_illegal-order", "blocked_security", "blocked_category",
    "blocked_own-rule", "blocked_paused", "blocked_allow-only", "cache_hits", "blocked_by_target",
    "blocked_by_address",
)  # fmt: skip
"""What a run must have met, or it has compared too little."""
DATA_ZONE = ("$TTL 60", "@ SOA . . 1 1 1 1 1", "@ NS .")


def wire_of(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


HOSTS = (
    "voluntary.test", "court.test", "both.test", "bets.test", "adult.test", "help.bets.test", "nx.test",
    "nodata.test", "drop.test", "tcp.test", "both-tcp.test", "tcp-bets.test", "local.test", "walled.test", "free.test",
    "search.test", "safe.test", "cdn.free.test", "pass.test", "deep.a.b.c.free.test",
)  # fmt: skip
ODD = (
    "", "localhost", "me.localhost", "printer.local", "x.onion", "invalid", "resolver.arpa", "_dns.resolver.arpa",
    "1.0.0.127.in-addr.arpa", "demo.test", "allowed.demo.test", "below.allowed.demo.test", "notdemo.test",
    ".".join(["x" * 63] * 3 + ["y" * 61]),
)  # fmt: skip


def a_name(rng: Random) -> bytes:
    """Mostly a host of the world or one below it."""
    pool = HOSTS if rng.random() < 0.85 else ODD
    return wire_of("www." * (pool is HOSTS and rng.random() < 0.3) + rng.choice(pool))


def a_listed_name(rng: Random) -> bytes:
    """A name that rules can have: not the root."""
    return wire_of(rng.choice(HOSTS))


ADDRESSES = (bytes([198, 51, 100, 1]), bytes([198, 51, 100, 66]), bytes([203, 0, 113, 5]))
ADDRESSES6 = (
    bytes(15) + b"\1",
    bytes(10) + b"\xff\xff" + ADDRESSES[1],
    b"\x20\1\x0d\xb8" + bytes(11) + b"\x66",
)

LISTS = {
    "voluntary": "voluntary.test\nboth.test\nboth-tcp.test\n",
    "court": "court.test\nboth.test\n",
    "help": "help.bets.test\n",
    "bets": "bets.test\nboth-tcp.test\ntcp-bets.test\n",
    "adult": "adult.test\n",
    "zone": "\n".join(
        [
            *DATA_ZONE, "nx.test CNAME .", "*.nx.test CNAME .", "nodata.test CNAME *.", "drop.test CNAME rpz-drop.",
            "tcp.test CNAME rpz-tcp-only.", "both-tcp.test CNAME rpz-tcp-only.", "tcp-bets.test CNAME rpz-tcp-only.",
            "local.test A 192.0.2.66",
            "walled.test CNAME free.test.", "32.66.100.51.198.rpz-ip CNAME .",
            "128.66.zz.db8.2001.rpz-ip CNAME rpz-drop.", "pass.test CNAME rpz-passthru.", "*.free.test CNAME rpz-passthru.",
            "bets.test CNAME rpz-passthru.", "24.0.1.0.127.rpz-client-ip CNAME *.", "32.12.0.0.127.rpz-client-ip CNAME .",
            "32.11.0.0.127.rpz-client-ip CNAME rpz-passthru.", "",
        ]
    ),
    "zone2": "\n".join([
        *DATA_ZONE, "free.test CNAME rpz-tcp-only.", "24.0.113.0.203.rpz-ip CNAME *.", "pass.test CNAME .",
        "32.5.113.0.203.rpz-ip CNAME rpz-passthru.", "drop.test CNAME .", "",
    ]),
    "trial": "\n".join([*DATA_ZONE, "free.test CNAME .", "nx.test CNAME .", "24.0.100.51.198.rpz-ip CNAME .", ""]),
    "last": "\n".join([
        *DATA_ZONE, "pass.test CNAME *.", "free.test CNAME .", "24.0.100.51.198.rpz-ip CNAME .", "tcp.test CNAME .",
        "32.12.0.0.127.rpz-client-ip CNAME rpz-drop.", "nodata.test CNAME .", "",
    ]),
    "orders": "\n".join([
        *DATA_ZONE, "court.test CNAME .", "pass.test CNAME rpz-passthru.", "both.test CNAME rpz-passthru.", "",
    ]),
}  # fmt: skip


def a_mask(rng: Random) -> int:
    """Few bits, some, or nearly all of the world's."""
    return rng.getrandbits(32) & (rng.getrandbits(32) if rng.random() < 0.6 else (1 << 32) - 1)


def a_policy(rng: Random, number: int) -> Policy:
    """Any policy over the bits of the lists above, however odd."""
    is_ruled, is_rewritten = rng.random() < 0.6, rng.random() < 0.5
    rules = {
        a_listed_name(rng): tuple(
            Rule(rng.random() < 0.5, rng.random() < 0.7) for _ in range(rng.randint(1, 2))
        )
        for _ in range(rng.randint(1, 8) * is_ruled)
    }
    ends = (1.0, UNIX - 0.001, UNIX, UNIX + 0.001, 1.8e9)
    return Policy(
        number,
        block=a_mask(rng),
        security=a_mask(rng),
        allow_only=rng.random() < 0.15,
        only=a_mask(rng),
        paused=rng.random() < 0.1,
        rules=rules,
        grants=tuple(
            Grant(a_listed_name(rng), rng.choice(ends)) for _ in range(rng.randint(0, 2) * is_ruled)
        ),
        safe_search={
            wire_of(rng.choice(SEARCHED)): wire_of(rng.choice(SAFE)) for _ in range(2 * is_rewritten)
        },
    )


def a_plan(rng: Random, make_plan: Callable[..., Any]) -> Any:
    prefixes = ("127.0.0.11/32", "127.0.0.12/32", "127.0.1.0/24", "::1/128")
    return make_plan(
        lists={id_: text for id_, text in LISTS.items() if rng.random() < 0.8} or {"bets": LISTS["bets"]},
        clients={prefix: a_policy(rng, number + 1) for number, prefix in enumerate(prefixes)},
        default=a_policy(rng, 0),
        zones=("demo.test",) if rng.random() < 0.5 else (),
        udp_payload=rng.choice((512, 1232, 1232, 4096)),
    )


def a_kept_answer(rng: Random, make_reply: Callable[..., bytes]) -> Answer | None:
    """An answer as the exchange keeps it, or None where the reply gives none."""
    question = Question(
        rng.choice([a_name(rng), wire_of(rng.choice(SAFE))]),
        rng.choice((1, 1, 28, 65, 16)),
        dnssec_ok=rng.random() < 0.2,
        checking_disabled=rng.random() < 0.1,
    )
    pool = {1: ADDRESSES, 28: ADDRESSES6}.get(question.qtype, ())
    found = [rng.choice(pool) for _ in range(rng.randint(0, 3))] if pool else []
    if rng.random() < 0.1:
        found *= 30  # too long for 512 octets
    aliases = list(dict.fromkeys(a_name(rng) for _ in range(rng.choice((0, 0, 1, 2)))))
    if question.name in aliases:
        aliases.remove(question.name)
    rcode = 3 * (not found and rng.random() < 0.5)
    message = make_reply(question, aliases, found, ttl=rng.choice((0, 10, 300, 1 << 31)), rcode=rcode)
    answer = scan(message, question, TtlLimits(), NOW - rng.choice((0.0, 0.25, 5.5, 60.0))).answer
    ede = ((18, b""), (22, b"no way " * rng.randint(1, 40)))[: rng.choice((0, 0, 0, 1, 2))]
    return answer and answer._replace(ede=ede)


def a_packet(rng: Random, make_query: Callable[..., bytes]) -> bytes:
    name = a_name(rng)
    if rng.random() < 0.5:
        name = bytes(rng.choice((octet, *bytes([octet]).upper())) for octet in name)
    options = rng.choice(
        (b"",) * 8
        + (b"\0\3\0\0", b"\0\3\0\5abc", b"\0\1\0", b"\0\12\0\7abcdefg", b"\0\12\0\10abcdefgh", COOKIE)
    )
    version = rng.random() < 0.05
    edns = rng.choice((0, 512, 700, 1232, 4096, 65535)), version, rng.random() < 0.2, options
    packet = make_query(
        name,
        rng.choice((*(1, 1, 28) * 8, 65, 64, 16, 5, 255, 0, 41, 250, 251, 252, 128, 254, 65535)),
        qclass=rng.choice((1,) * 30 + (3, 255)),
        flags=rng.choice((0x0100,) * 30 + (0x0110, 0x0110, 0x0120, 0x0000, 0x8100, 0x0900, 0x7900, 0x01FF)),
        edns=edns if rng.random() < 0.8 else None,
        message_id=rng.getrandbits(16),
    )
    return damaged(rng, packet) if rng.random() < 0.1 else packet


def damaged(rng: Random, packet: bytes) -> bytes:
    """A packet with some octets changed, cut off or added."""
    octets = bytearray(packet)
    for _ in range(rng.randint(0, 3)):
        octets[rng.randrange(len(octets))] = rng.getrandbits(8)
    end = rng.randint(0, len(octets)) if rng.random() < 0.5 else len(octets)
    return bytes(octets[:end]) + rng.randbytes(rng.choice((0, 0, 1, 4)))


def compare(world: Any, packet: bytes, client: str, over_tcp: bool) -> bool:
    """Ask core, oracle and core again (the oracle may have kept something); True if the second was handed over."""
    first = one(world, packet, client, over_tcp)
    before = world.counted.copy()
    world.spoken.clear()
    expected = world.oracle(packet, client, over_tcp=over_tcp)
    spoke = sum(spoken.bits for spoken in world.spoken)
    assert len(world.spoken) <= 1
    counted = world.common(world.counted - before)
    second = one(world, packet, client, over_tcp)
    for answer, counts, hits in (first, second):
        if answer is native.HANDED_OVER:
            assert counts == {"handed_over": 1}
            assert hits == 0
            continue
        assert answer == expected
        assert hits == spoke
        assert world.common(counts) == counted
        assert not counts["handed_over"]
    if second[0] is native.HANDED_OVER:
        assert isinstance(expected, Miss) or is_pythons(world, packet), packet
    return second[0] is native.HANDED_OVER


def one(world: Any, packet: bytes, client: str, over_tcp: bool) -> tuple[Any, Any, int]:
    """The core's answer, what it counted, and the bits of the lists whose hits it counted."""
    before, hits = world.core_counts(), list(world.hits)
    answer = world.native(packet, client, over_tcp=over_tcp)
    more = [now - then for now, then in zip(world.hits, hits, strict=True)]
    assert set(more) <= {0, 1}
    return answer, world.core_counts() - before, sum(1 << bit for bit, count in enumerate(more) if count)


def is_pythons(world: Any, packet: bytes) -> bool:
    """Whether the contract leaves the packet to Python although it is no miss: built-in zones, lists' own records."""
    pythons = {*map(wire_of, LOCAL_RULES), *map(wire_of, world.plan.zones)}
    end = packet.index(0, 12) + 1
    name = packet[12:end].lower()
    led_to = [target for policy in world.policies for target in policy.safe_search.values()]
    led_to += [target for answer in world.answers for target in answer.targets]
    return any(suffix in pythons for each in (name, *led_to) for suffix in suffixes(each))


Makers = tuple[Callable[..., Any], Callable[..., Any], Callable[..., bytes], Callable[..., bytes]]


@pytest.fixture
def makers(
    make_world: Callable[..., Any],
    make_plan: Callable[..., Any],
    make_query: Callable[..., bytes],
    make_reply: Callable[..., bytes],
) -> Makers:
    return make_world, make_plan, make_query, make_reply


def a_world(rng: Random, makers: Makers, *, with_cache: bool) -> Any:
    make_world, make_plan, _, make_reply = makers
    plan = a_plan(rng, make_plan)
    world = make_world(plan, with_cache=with_cache)
    world.policies = (*plan.clients.values(), plan.default)
    found = (a_kept_answer(rng, make_reply) for _ in range(150))
    world.answers = [answer for answer in found if answer is not None]
    for answer in world.answers:
        world.put(answer)
    return world


@pytest.mark.timeout(0 if LONG else 600)
@pytest.mark.parametrize("with_cache", [True, False])
def test_core_and_oracle_agree(with_cache: bool, makers: Makers) -> None:
    handed_over: Counter[bool] = Counter()
    seen: Counter[str] = Counter()
    examples = max(1, EXAMPLES * (4 if with_cache else 1) // 5)

    @settings(
        max_examples=examples, deadline=None, database=None, phases=[Phase.generate], derandomize=not LONG
    )  # fmt: skip
    @given(st.randoms(use_true_random=True))
    def run(rng: Random) -> None:
        world = a_world(rng, makers, with_cache=with_cache)
        for _ in range(PACKETS):
            packet, client = a_packet(rng, makers[2]), rng.choice(CLIENTS)
            handed_over[compare(world, packet, client, rng.random() < 0.3)] += 1
        seen.update(world.core_counts())

    run()
    if with_cache:
        assert {name for name in COUNTED if not seen[name]} == set()
        assert handed_over[True] < handed_over[False]


def test_recorded_packets_get_the_same_from_both(makers: Makers) -> None:
    if not SEEDS.is_dir():
        pytest.skip(f"{SEEDS} is not there: the recorded packets are not part of the source")
    rng = Random(1)
    world = a_world(rng, makers, with_cache=True)
    for seed in sorted(SEEDS.iterdir()):
        packet = seed.read_bytes()[:65_535]
        for client in CLIENTS[:4]:
            compare(world, packet, client, over_tcp=False)
            compare(world, packet, client, over_tcp=True)
