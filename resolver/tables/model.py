"""What one generation of published state holds: frozen values, no behaviour.

The data plane sees policy numbers, prefixes and list titles; never a subscriber's name and never a secret entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import ClassVar

from blocklists.enforcement import Enforced
from blocklists.model import Confidentiality, Kind, LegalBasis
from blocklists.properties import LogPolicy
from resolver.clients.address import Network
from resolver.policy.model import Policy

FORMAT_VERSION = 2


ALLOW_ONLY = 1
PAUSED = 2
"""Flags of a policy in the file of clients (WEIR_POLICY_... in resolver/core/src/tables.h)."""


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """Who has which policy; the longest prefix of a realm wins. ``realm`` is 0 where there are none."""

    network: Network
    policy: int
    realm: int = 0

    @staticmethod
    def of(prefix: str, policy: int) -> ClientEntry:
        """From CIDR text; host bits must be zero. ValueError names the prefix that is none."""
        return ClientEntry(ip_network(prefix), policy)


@dataclass(frozen=True, slots=True)
class Assignments:
    """Who has which policy, as control decides it: the content of a file of clients (``writing``, ``clients``).

    Clients and the default name a policy by its number here; in the file it gets one of the file's own.
    """

    policies: tuple[Policy, ...]
    clients: tuple[ClientEntry, ...] = ()
    default_policy: int = -1
    """Of whoever is served and no client; -1: nobody else is served."""
    served: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class ListInfo:
    """What may be told about a list: its name and rules of display, never an entry."""

    id: str
    title: str
    kind: Kind
    legal_basis: LegalBasis
    confidentiality: Confidentiality
    authority: str = ""
    """Empty where it may not be named."""
    contact: str = ""
    page: str = ""
    """The authority's own words for the stop page."""
    categories: tuple[str, ...] = ()
    """The categories that it feeds."""
    ede: int | None = None
    """The EDE code of its blocks in place of the reason's."""
    log: LogPolicy = LogPolicy.COUNTS
    """What may be kept of its hits."""
    enforced: Enforced = Enforced.ALL
    """What counts of it now: a list that is suspended or too old stays compiled, and is not heard (``heard``)."""


@dataclass(frozen=True, slots=True)
class LocalRecord:
    """One record of a built-in zone: owner in presentation form, type name, TTL in seconds, rdata as text."""

    owner: str
    rtype: str
    ttl: int
    rdata: str


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The response-rate limit that the core keeps over UDP; Python's own path (WEIR_CORE=off, TCP) has none and needs
    none. Answers per second to one source prefix, 0 = no limit; every ``slip``-th above it is TC, 0 = none.
    """

    served: int = 0
    strangers: int = 100
    ipv4_prefix: int = 24
    ipv6_prefix: int = 56
    slip: int = 2


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """How a worker serves. Durations are seconds, sizes bytes, addresses ``host:port`` (IPv6 in brackets)."""

    listen: tuple[str, ...] = ()
    workers: int = 1
    upstreams: tuple[str, ...] = ()
    allow_from: tuple[str, ...] = ()
    """Prefixes that are served; any other source is answered REFUSED with EDE 18."""
    cache_size: int = 64 * 1024 * 1024
    min_ttl: int = 0
    max_ttl: int = 86_400
    max_negative_ttl: int = 3_600
    serve_stale: float = 86_400.0
    """How long after its expiry an answer may still be given when no upstream answers; 0 = never."""
    prefetch: bool = True
    query_timeout: float = 5.0
    """A client's question is answered within this time, if need be by SERVFAIL."""
    max_in_flight: int = 10_000
    tcp_idle_timeout: float = 10.0
    tcp_per_client: int = 20
    tcp_total: int = 1_000
    udp_payload: int = 1_232
    rate_limit: RateLimit = RateLimit()
    query_sample: int = 0
    """1 in so many answered queries goes into the worker's sample (src/tap.h); 0 = off."""
    secret_scan: int = 20
    """From so many distinct names of secret lists a day a client counts as walking through them; 0 = off."""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """What blocked names resolve to, and how the stop page is served."""

    ipv4: str = "127.0.0.1"
    ipv6: str = "::1"
    listen: tuple[str, ...] = ()
    provider: str = ""
    """The operator's name, as people know it."""
    contact: str = ""
    """A mail address or telephone number for questions and mistakes."""
    policy_url: str = ""
    portal_url: str = ""


@dataclass(frozen=True, slots=True)
class Tables:
    """One generation. ``created`` is Unix seconds.

    ``snapshot`` is the file name of the compiled lists beside it, ``tables`` that of clients and policies, which is
    edited in place while the generation is in force, ``urls`` that of the index of URLs, empty if there is none.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    generation: int
    created: float
    snapshot: str
    tables: str
    urls: str = ""
    lists: Mapping[str, ListInfo] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    """Category id → title in plain words."""
    zones: tuple[str, ...] = ()
    """Apexes of the built-in zones: names below them never go upstream."""
    records: tuple[LocalRecord, ...] = ()
    resolver: ResolverSettings = ResolverSettings()
    gateway: GatewaySettings = GatewaySettings()
    version: int = FORMAT_VERSION
