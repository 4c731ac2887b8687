"""The short way for single subscribers ends where the long one does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.config import Config
from admin.config.people import SubscriberConfig
from admin.services.build import sources
from admin.services.effective import SubscriberChange
from admin.services.in_force import InForce
from admin.services.publish import Snapshot, compile_lists, publish
from admin.services.terms import Terms
from blocklists.enforcement import Enforced
from blocklists.snapshot.readings import Prepared
from resolver.tables.view import View

NAMES = ("a", "b", "c", "d")
ADDRESSES = ("10.9.0.1", "10.9.0.2", "10.9.1.0/24", "fd00:9::/64", "10.9.1.7")

INDEX_KEY = bytes(range(16))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def snapshot(config: Config, state: Path) -> Snapshot:
    texts = [(source, b"x.example\n") for source in sources(config)]
    return compile_lists(texts, state, now=0.0, prepared=Prepared(index_key=INDEX_KEY))


@pytest.fixture
def in_force(config: Config, snapshot: Snapshot, state: Path) -> Iterator[InForce]:
    published = publish(config, snapshot, state, now=0.0)
    yield published
    published.close()


def with_people(config: Config, people: dict[str, SubscriberConfig]) -> Config:
    return config.model_copy(update={"subscribers": (*config.subscribers, *people.values())})


_DRAWN = st.dictionaries(
    st.sampled_from(ADDRESSES),
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(["strict", "open", "raw"]),
        st.booleans(),
        st.sampled_from("xy"),
    ),
)


def _people(drawn: dict[str, tuple[str, str, bool, str]]) -> dict[str, SubscriberConfig]:
    """Each address has one subscriber; a subscriber is what its first address says."""
    people: dict[str, SubscriberConfig] = {}
    for address, (name, profile, paused, denied) in drawn.items():
        if name in people:
            addresses = [*map(str, people[name].addresses), address]
            people[name] = people[name].model_copy(update={"addresses": _addresses(addresses)})
        else:
            people[name] = SubscriberConfig.model_validate(
                {
                    "id": name,
                    "profile": profile,
                    "addresses": [address],
                    "paused": paused,
                    "deny": [f"{denied}.example"],
                }
            )
    return people


def _addresses(texts: list[str]) -> object:
    return SubscriberConfig.model_validate({"id": "x", "profile": "x", "addresses": texts}).addresses


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_DRAWN, min_size=1, max_size=3))
def test_single_changes_add_up_to_the_whole(
    config: Config,
    in_force: InForce,
    snapshot: Snapshot,
    state: Path,
    steps: list[dict[str, tuple[str, str, bool, str]]],
) -> None:
    assert in_force.edit(config, snapshot.name, snapshot.bits) is not None
    before: dict[str, SubscriberConfig] = {}
    for step in steps:
        after = _people(step)
        changes = [SubscriberChange(before.get(name), after.get(name)) for name in NAMES]
        wanted = with_people(config, after)
        assert in_force.edit_subscribers(wanted, changes, snapshot.name, snapshot.bits) is not None
        before = after
    view = View.open(state, INDEX_KEY)
    probes = ("10.9.0.1", "10.9.0.2", "10.9.1.7", "10.9.1.8", "fd00:9::1", "192.168.1.7", "10.1.1.1")
    short = {address: _meaning(view, address) for address in probes}
    whole = in_force.edit(with_people(config, before), snapshot.name, snapshot.bits)
    assert whole is not None
    assert (whole.clients, whole.removed) == (0, 0)
    assert {address: _meaning(View.open(state, INDEX_KEY), address) for address in probes} == short


def _meaning(view: View, address: str) -> object:
    policy = view.policy_for(address)
    return policy and (policy.block, policy.paused, policy.rules, policy.security)


def test_anything_else_in_the_configuration_takes_a_new_generation(
    config: Config, in_force: InForce, snapshot: Snapshot
) -> None:
    other = config.model_copy(update={"gateway": config.gateway.model_copy(update={"provider": "Other ISP"})})
    assert in_force.edit_subscribers(other, (), snapshot.name, snapshot.bits) is None
    switched_off = {"bets": Enforced.NOTHING}
    assert in_force.edit_subscribers(config, (), snapshot.name, snapshot.bits, Terms(switched_off)) is None


def test_a_subscriber_too_many_takes_a_new_generation(
    config: Config, in_force: InForce, snapshot: Snapshot
) -> None:
    crowd = SubscriberConfig.model_validate(
        {"id": "crowd", "profile": "raw", "addresses": [f"172.16.{n >> 8}.{n & 255}" for n in range(4_000)]}
    )
    changes = [SubscriberChange(None, crowd)]
    wanted = with_people(config, {"crowd": crowd})
    assert in_force.edit_subscribers(wanted, changes, snapshot.name, snapshot.bits) is None
