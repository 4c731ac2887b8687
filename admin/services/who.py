"""Whom a question is about: a subscriber, an address, or somebody unknown; and the policy that control gave them.

The data plane knows no subscriber: the configuration says who has which network, the tables say which policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from admin.config import Config
from admin.config.people import SubscriberConfig
from admin.config.problems import nearest
from admin.services.subject import QuestionError
from resolver.clients.address import Address, Network, parse_address
from resolver.policy.model import Policy
from resolver.tables.model import Tables


class UndecidableError(RuntimeError):
    """The question is right but cannot be answered now; the message says why and what to do."""


class KnowsClients(Protocol):
    """The part of ``resolver.tables.view.View`` that is asked here."""

    @property
    def tables(self) -> Tables:
        """The generation in force."""

    @property
    def default_policy(self) -> int:
        """The number of the policy of whoever is served and no subscriber; -1 if nobody else is served."""

    def policy(self, number: int, /) -> Policy | None:
        """The policy of a number; None if there is none."""

    def policy_at(self, network: Network, /) -> Policy | None:
        """The policy of exactly this prefix; None if no subscriber has it."""

    def policy_for(self, address: str, /) -> Policy | None:
        """The policy of an address; None if it is not served."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks. ``policy`` is None for somebody who is not served; ``profile`` is then empty."""

    subscriber: str
    profile: str
    address: str
    policy: Policy | None


def find_client(config: Config, view: KnowsClients, *, subscriber: str | None, address: str | None) -> Client:
    """The client of a question; without subscriber and address somebody who is no subscriber.

    QuestionError: both are given, no such subscriber, not an address. UndecidableError: the tables in force were made
    from another configuration.
    """
    if subscriber is not None and address is not None:
        raise QuestionError("subscriber and address are both given; give one of them")
    if subscriber is not None:
        return _by_subscriber(config, view, subscriber)
    if address is not None:
        return _by_address(config, view, address)
    policy = view.policy(view.default_policy)
    return Client("", (config.default_profile or "") if policy else "", "", policy)


def _by_subscriber(config: Config, view: KnowsClients, name: str) -> Client:
    found = next((candidate for candidate in config.subscribers if candidate.id == name), None)
    if found is None:
        guess = nearest(name, {candidate.id for candidate in config.subscribers})
        raise QuestionError(
            f"there is no subscriber `{name}`{guess}; `weir subscribers list` shows those of {config.path} and the others"
        )
    policy = view.policy_at(found.addresses[0].network)
    if policy is None:
        raise UndecidableError(
            f"the published generation {view.tables.generation} does not know subscriber `{name}`: it is older than "
            "the configuration; reload the appliance (SIGHUP) and ask again"
        )
    return Client(found.id, found.profile, "", policy)


def _by_address(config: Config, view: KnowsClients, text: str) -> Client:
    try:
        address = parse_address(text)
    except ValueError:
        raise QuestionError(f"`{text[:60]}` is not an IP address; write for example 192.0.2.17") from None
    policy = view.policy_for(str(address))
    if policy is None:
        return Client("", "", str(address), None)
    found = _holder(config.subscribers, address)
    if found is None:
        return Client("", config.default_profile or "", str(address), policy)
    return Client(found.id, found.profile, str(address), policy)


def _holder(subscribers: Iterable[SubscriberConfig], address: Address) -> SubscriberConfig | None:
    """The subscriber with the longest prefix that holds the address."""
    matches = (
        (prefix.network.prefixlen, candidate)
        for candidate in subscribers
        for prefix in candidate.addresses
        if prefix.network.version == address.version and address in prefix.network
    )
    return max(matches, key=lambda match: match[0], default=(0, None))[1]
