"""Who walks through secret lists: what a sketch tells, and that the core and Python note the same hits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.core import native
from resolver.core.native import SKETCH_BITS, SKETCH_KEY_BYTES, Sketch
from resolver.policy.model import Policy, ReasonKind

KEY = bytes(range(SKETCH_KEY_BYTES))
CLIENT = "127.0.0.11"
hits = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 300)), max_size=400)


def name(number: int) -> bytes:
    label = f"n{number}".encode()
    return bytes([len(label)]) + label + b"\0"


def curve(sketch: Sketch) -> list[int]:
    """All that a sketch can tell."""
    return [sketch.over(bits) for bits in range(1, SKETCH_BITS + 1)]


@given(hits)
def test_clients_and_their_distinct_names(asked: list[tuple[int, int]]) -> None:
    sketch, sets = Sketch(KEY), defaultdict[int, set[int]](set)
    for client, number in asked:
        sketch.note(bytes([10, 0, 0, client]), name(number))
        sets[client].add(number)
    most = max((len(names) for names in sets.values()), default=0)
    assert sketch.over(1) == len(sets)
    assert sketch.over(most + 1) == 0
    assert sketch.over(max(1, most // 3)) >= (most > 0)
    before = curve(sketch)
    for client, number in reversed(asked):
        sketch.note(bytes([10, 0, 0, client]), name(number))
        sketch.note(bytes([10, 0, 1, client]), name(number), secret=False)
    assert curve(sketch) == before
    sketch.renew(KEY[::-1])
    assert not any(curve(sketch))


def test_mapped_addresses_are_themselves() -> None:
    sketch = Sketch(KEY)
    for number, address in enumerate(("192.0.2.1", "::ffff:192.0.2.1")):
        sketch.note(ip_address(address).packed, name(number))
    assert sketch.over(1) == 1


@pytest.mark.parametrize(
    ("key", "client", "wire"),
    [
        (b"", bytes(4), b"\0"),
        (bytes(17), bytes(4), b"\0"),
        (KEY, bytes(5), b"\0"),
        (KEY, bytes(4), bytes(256)),
    ],
)
def test_what_is_no_key_no_address_or_no_name_is_refused(key: bytes, client: bytes, wire: bytes) -> None:
    with pytest.raises(ValueError):
        Sketch(key).note(client, wire)


@pytest.fixture
def world(make_world: Callable[..., Any], make_plan: Callable[..., Any]) -> Any:
    lists = {
        "voluntary": "".join(f"hidden{number}.test\n" for number in range(40)),
        "threats": "".join(f"malware{number}.test\n" for number in range(40)),
        "bets": "".join(f"bets{number}.test\n" for number in range(40)),
    }
    clients = {f"{CLIENT}/32": Policy(1, block=0xFFFF, security=0xFFFF)}
    return make_world(make_plan(lists=lists, clients=clients))


@pytest.mark.parametrize("over_tcp", [False, True])
def test_the_core_notes_secret_hits_and_no_others(
    world: Any, make_query: Callable[..., bytes], over_tcp: bool
) -> None:
    for kind in ("malware", "bets", "free"):
        for number in range(40):
            world.native(make_query(f"{kind}{number}.test"), CLIENT, over_tcp=over_tcp)
    assert world.sketch.over(1) == 0
    for number in range(30):
        for qtype in (1, 28, 65):
            world.native(make_query(f"hidden{number}.test", qtype), CLIENT, over_tcp=over_tcp)
    for _ in range(1_000):
        world.native(make_query("hidden1.test"), "127.0.0.12", over_tcp=over_tcp)
    assert (world.sketch.over(1), world.sketch.over(2), world.sketch.over(19), world.sketch.over(31)) == (
        2, 1, 1, 0,
    )  # fmt: skip


def test_python_hears_of_the_same_hits(world: Any, make_query: Callable[..., bytes]) -> None:
    by_python = native.Sketch(bytes(SKETCH_KEY_BYTES))
    for kind in ("malware", "hidden"):
        for number in range(30):
            packet = make_query(f"{kind}{number}.Test")
            assert world.native(packet, CLIENT) == world.oracle(packet, CLIENT)
    for spoken in world.spoken:
        bit, reason = spoken.blocked
        assert reason in (ReasonKind.ILLEGAL_VOLUNTARY, ReasonKind.SECURITY)
        secret = bool(world.generation.watched >> bit & 1)
        by_python.note(ip_address(spoken.client).packed, spoken.query.name, secret=secret)
    assert len(world.spoken) == 60
    assert curve(by_python) == curve(world.sketch)
