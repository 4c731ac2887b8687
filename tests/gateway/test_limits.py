"""The count of open connections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.counting import REFUSED_CLIENT, REFUSED_TOTAL
from gateway.limits import Gate, Limits, RefusedError, client_key


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("strange", "strange"),
    ],
)
def test_what_counts_as_one_client(address: str, key: str) -> None:
    assert client_key(address) == key


def test_one_client_s_limit_leaves_room_for_others() -> None:
    gate = Gate(Limits(per_client=2))
    keys = [gate.enter("192.0.2.1"), gate.enter("192.0.2.1")]
    with pytest.raises(RefusedError, match=REFUSED_CLIENT):
        gate.enter("192.0.2.1")
    gate.enter("192.0.2.2")
    gate.leave(keys[0])
    gate.enter("192.0.2.1")


def test_the_total_limit() -> None:
    gate = Gate(Limits(connections=1))
    gate.enter("192.0.2.1")
    with pytest.raises(RefusedError, match=REFUSED_TOTAL):
        gate.enter("192.0.2.2")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3))))
def test_the_count_is_what_is_open(steps: list[tuple[bool, int]]) -> None:
    gate = Gate(Limits(connections=6, per_client=3))
    open_keys: list[str] = []
    for enter, number in steps:
        if enter:
            address = f"192.0.2.{number}"
            full = len(open_keys) >= 6 or open_keys.count(address) >= 3
            try:
                open_keys.append(gate.enter(address))
            except RefusedError:
                assert full
            else:
                assert not full
        elif open_keys:
            gate.leave(open_keys.pop(number % len(open_keys)))
        assert gate.total == len(open_keys)
