"""How much a client may count: never more than its share, whoever asks and however many threads; the core's own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.answer.native_state import settings_of
from resolver.core import native
from resolver.core.native import CLAMP_KEY_BYTES, CLAMP_MOST, Clamp
from resolver.day_groups import groups_of
from resolver.policy.model import Policy

KEY = bytes(range(CLAMP_KEY_BYTES))
asked = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), max_size=300)


@given(asked, st.integers(1, CLAMP_MOST))
def test_each_client_counts_its_share_of_each_group(hits: list[tuple[int, int, int]], most: int) -> None:
    clamp, admitted = Clamp(KEY, most), Counter[tuple[int, int, int]]()
    for client, group, realm in hits:
        admitted[client, group, realm] += clamp.admit(bytes([10, 0, 0, client]), group, realm=realm)
    assert admitted == Counter({key: min(count, most) for key, count in Counter(hits).items()})
    assert clamp.full == 0


def test_a_household_is_one_client() -> None:
    clamp = Clamp(KEY, 1)
    addresses = ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8:0:ff::2", "2001:db8:0:100::2")
    assert [clamp.admit(ip_address(address).packed, 7) for address in addresses] == [
        True, False, True, False, True,
    ]  # fmt: skip


def test_who_finds_no_room_does_not_count_and_pushes_nobody_out() -> None:
    clamp, clients = Clamp(KEY, 1), [number.to_bytes(4, "big") for number in range(300_000)]
    first = sum(clamp.admit(client, 0) for client in clients)
    assert clamp.full == 300_000 - first > 30_000
    assert not any(clamp.admit(client, 0) for client in clients)


def test_threads_that_meet_do_not_count_twice() -> None:
    clamp, counted = Clamp(KEY, CLAMP_MOST), [0] * 4

    def ask(number: int) -> None:
        counted[number] = sum(
            clamp.admit(bytes([10, 0, 0, client]), 1) for client in range(64) for _ in range(16)
        )

    threads = [Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counted) == 64 * CLAMP_MOST


@pytest.mark.parametrize(
    ("key", "most", "client", "group"),
    [
        (b"", 1, bytes(4), 0),
        (bytes(17), 1, bytes(4), 0),
        (KEY, 0, bytes(4), 0),
        (KEY, 16, bytes(4), 0),
        (KEY, 1, bytes(5), 0),
        (KEY, 1, bytes(4), 256),
    ],
)
def test_what_is_out_of_range_is_refused(key: bytes, most: int, client: bytes, group: int) -> None:
    with pytest.raises(ValueError):
        Clamp(key, most).admit(client, group)


def test_the_core_counts_everything_in_one_page_and_shares_in_the_other(
    make_world: Callable[..., Any], make_plan: Callable[..., Any], make_query: Callable[..., bytes]
) -> None:
    lists = {"bets": "bets.test\n", "threats": "malware.test\n"}
    clients = {"127.0.0.0/24": Policy(1, block=0xFFFF, security=0xFFFF)}
    world = make_world(make_plan(lists=lists, clients=clients))
    day_hits = memoryview(bytearray(8 * 256)).cast("Q")
    world.state = native.State(
        world.folder / "snapshot",
        world.folder / "tables",
        settings_of(world.generation),
        hits=world.hits,
        day_hits=day_hits,
        clamp=Clamp(KEY, 3),
        groups=groups_of(world.generation).of_bit,
    )
    for client in ("127.0.0.11", "127.0.0.12"):
        for name in ["bets.test"] * 5 + ["malware.test"] * 2 + ["free.test"]:
            world.native(make_query(name), client)
    assert sorted(+Counter(world.hits.tolist())) == [0, 4, 10]
    assert sorted(+Counter(day_hits.tolist())) == [0, 4, 6]
