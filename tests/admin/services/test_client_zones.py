"""Triggers on clients worked into who has which policy, against an oracle that asks address by address."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.services.client_zones import Base, Prefixes, with_triggers
from blocklists.model import Action, Bit, BitRole
from blocklists.snapshot.metadata import ClientTrigger
from resolver.tables.model import ClientEntry

BITS = (
    Bit(0, BitRole.CLIENT, "first", Action.DROP),
    Bit(1, BitRole.CLIENT, "first", Action.ALLOW),
    Bit(2, BitRole.CLIENT, "second", Action.DROP),
)
DEFAULT = 900


def marked(policy: int, about: int) -> int:
    """Tells policy and bits from one number."""
    return 1_000 * (1 + policy) + about


def policy_of(clients: tuple[ClientEntry, ...], served: list[str], default: int, address: str) -> int | None:
    """As the data plane finds it: the longest prefix, else the default of whoever is served."""
    asked = ip_address(address)
    holding = [
        entry for entry in clients if asked.version == entry.network.version and asked in entry.network
    ]
    if holding:
        return max(holding, key=lambda entry: entry.network.prefixlen).policy
    return default if any(asked in ip_network(prefix) for prefix in served) and default >= 0 else None


CASES = [
    # subscribers, served, triggers (zone, prefix, action), address, policy and bits, or None = not served
    ({"192.0.2.0/24": 1}, [], [("first", "192.0.2.7", "drop")], "192.0.2.7", marked(1, 1)),
    ({"192.0.2.0/24": 1}, [], [("first", "192.0.2.7", "drop")], "192.0.2.8", 1),
    ({"192.0.2.7/32": 1}, [], [("first", "192.0.2.0/24", "drop")], "192.0.2.7", marked(1, 1)),
    ({"192.0.2.7/32": 1}, [], [("first", "192.0.2.0/24", "drop")], "192.0.2.8", None),
    ({}, ["192.0.2.0/24"], [("first", "0.0.0.0/1", "drop")], "192.0.2.8", DEFAULT),
    ({}, ["192.0.2.0/24"], [("first", "128.0.0.0/1", "drop")], "192.0.2.8", marked(DEFAULT, 1)),
    ({}, ["192.0.2.0/24"], [("first", "128.0.0.0/1", "drop")], "198.51.100.1", None),
    ({}, ["192.0.0.0/16"], [("first", "192.0.2.0/24", "drop")], "192.0.2.1", marked(DEFAULT, 1)),
    ({}, ["192.0.0.0/16"], [("first", "192.0.2.0/24", "drop"), ("first", "192.0.2.1", "allow")], "192.0.2.1", marked(DEFAULT, 2)),
    ({}, ["192.0.0.0/16"], [("first", "192.0.2.0/24", "drop"), ("second", "192.0.2.1", "drop")], "192.0.2.1", marked(DEFAULT, 5)),
    ({}, ["2001:db8::/32"], [("first", "2001:db8:1::/48", "drop")], "2001:db8:1::1", marked(DEFAULT, 1)),
    ({}, ["192.0.2.0/24"], [("gone", "192.0.2.0/24", "drop")], "192.0.2.1", DEFAULT),
]  # fmt: skip


@pytest.mark.parametrize(("clients", "served", "triggers", "address", "expected"), CASES)
def test_who_gets_which_policy(
    clients: dict[str, int],
    served: list[str],
    triggers: list[tuple[str, str, str]],
    address: str,
    expected: int | None,
) -> None:
    made = combined(clients, served, DEFAULT, triggers)
    assert policy_of(made, served, DEFAULT, address) == expected


def combined(
    clients: dict[str, int], served: list[str], default: int, triggers: list[tuple[str, str, str]]
) -> tuple[ClientEntry, ...]:
    base = Base(
        [ClientEntry.of(prefix, policy) for prefix, policy in clients.items()],
        default,
        [ip_network(p) for p in served],
    )
    asked = [ClientTrigger(zone, prefix, Action(action)) for zone, prefix, action in triggers]
    return with_triggers(base, asked, BITS, marked)


NETWORKS = st.builds(
    lambda bits, length: str(ip_network((0x0A000000 | bits << 20, length), strict=False)),
    st.integers(0, 15),
    st.integers(8, 14),
)


@given(
    st.dictionaries(NETWORKS, st.integers(0, 5), max_size=5),
    st.lists(NETWORKS, max_size=3),
    st.sampled_from([DEFAULT, -1]),
    st.lists(st.tuples(st.sampled_from(["first", "second"]), NETWORKS, st.just("drop")), max_size=6),
    st.integers(0, 63),
)
def test_every_address_has_its_policy_and_the_bits_of_the_zones_around_it(
    clients: dict[str, int], served: list[str], default: int, triggers: list[tuple[str, str, str]], place: int
) -> None:
    address = str(ip_address(0x0A000000 | place << 18 | 1))
    base = tuple(ClientEntry.of(prefix, policy) for prefix, policy in clients.items())
    before = policy_of(base, served, default, address)
    about = 0
    for zone, value in (("first", 1), ("second", 4)):
        if any(zone == of and ip_address(address) in ip_network(prefix) for of, prefix, _ in triggers):
            about |= value
    expected = marked(before, about) if before is not None and about else before
    assert policy_of(combined(clients, served, default, triggers), served, default, address) == expected


def test_the_longest_prefix_that_holds_all_of_a_network() -> None:
    prefixes = Prefixes(
        [(ip_network("10.0.0.0/8"), 1), (ip_network("10.1.0.0/16"), 2), (ip_network("10.0.0.0/8"), 3)]
    )
    found = {
        text: prefixes.longest(ip_network(text))
        for text in ("10.1.2.0/24", "10.2.0.0/16", "0.0.0.0/0", "::/0")
    }
    assert found == {"10.1.2.0/24": 2, "10.2.0.0/16": 1, "0.0.0.0/0": None, "::/0": None}
