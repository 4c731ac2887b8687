"""From the configuration and the snapshot's bits to the tables that the data plane reads. Pure but for counting cores.

Rule 1: equal policies are one policy; the data plane sees its number, never a subscriber's name.
Rule 2: nothing here reads a file: the configuration brings its zones and nameservers along.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType

from admin.config import Config
from admin.config.lists import ListConfig
from admin.config.people import ProfileConfig
from admin.config.sections import RateLimitConfig
from admin.services.client_zones import Base, with_triggers
from admin.services.layout import cores
from admin.services.list_sources import list_source
from admin.services.policies import PolicyBook
from blocklists.enforcement import Enforced
from blocklists.model import Bit, ListSource
from blocklists.properties import Attribution
from blocklists.snapshot.bits import feeds
from blocklists.snapshot.metadata import ClientTrigger
from resolver.tables.heard import heard
from resolver.tables.model import (
    Assignments,
    ClientEntry,
    GatewaySettings,
    ListInfo,
    RateLimit,
    ResolverSettings,
    Tables,
)
from resolver.tables.store import clients_name, urls_name

EnforcedLists = Mapping[str, Enforced]
"""By list id; a list that is not named is enforced wholly."""
EVERYTHING: EnforcedLists = MappingProxyType({})
NOT_SERVED = -1
"""The number of no policy: as the default policy it leaves strangers unserved."""


def sources(config: Config) -> tuple[ListSource, ...]:
    """The lists as the list room knows them; ``file:`` addresses carry absolute paths."""
    return tuple(list_source(item) for item in config.lists)


def build_tables(
    config: Config, generation: int, snapshot: str, now: float, enforced: EnforcedLists = EVERYTHING
) -> Tables:
    """One generation over the compiled lists in the file ``snapshot``; ``now`` is Unix seconds."""
    return Tables(
        generation=generation,
        created=now,
        snapshot=snapshot,
        tables=clients_name(generation),
        lists={item.id: _info(item, enforced.get(item.id, Enforced.ALL)) for item in config.lists},
        urls=urls_name(snapshot),
        categories=config.titles,
        zones=tuple(zone.name for zone in config.resolver.zones),
        records=config.records,
        resolver=_resolver(config),
        gateway=_gateway(config),
    )


def policy_book(config: Config, profiles: Mapping[str, ProfileConfig], bits: tuple[Bit, ...]) -> PolicyBook:
    """A book for these profiles; ``bits`` are those that are heard."""
    return PolicyBook(profiles, bits, {source.id: feeds(source, bits) for source in sources(config)})


def build_assignments(
    config: Config,
    bits: tuple[Bit, ...],
    lists: Mapping[str, ListInfo] = MappingProxyType({}),
    triggers: tuple[ClientTrigger, ...] = (),
) -> Assignments:
    """Who has which policy. ``bits`` and ``triggers`` (on clients) are those of the compiled lists beside which the
    policies are to serve, ``lists`` those of the tables; without them all bits are heard.
    """
    bits = heard(bits, lists)
    book = policy_book(config, config.profiles, bits)
    clients = tuple(
        ClientEntry(prefix.network, number)
        for subscriber in config.subscribers
        for number in (book.number_for(subscriber),)
        for prefix in subscriber.addresses
    )
    clients += tuple(
        ClientEntry(network, book.strictest_number()) for network in selftest_sources(config).values()
    )
    strangers = not config.refuses_strangers
    default = book.default_number(config.default_profile) if strangers else NOT_SERVED
    served = tuple(prefix.network for prefix in config.resolver.allow_from) if strangers else ()
    clients = with_triggers(Base(clients, default, served), triggers, bits, book.number_with)
    return Assignments(book.policies(), clients, default, served)


def selftest_sources(config: Config) -> Mapping[int, IPv4Network | IPv6Network]:
    """From where this box tests its own lists, by version of IP; nothing if that is off or no list has a canary.

    An address that a subscriber has is left to the subscriber.
    """
    section = config.telemetry
    if section.selftest == "off" or not any(item.canary for item in config.lists):
        return {}
    source = section.selftest_source
    wanted = {
        ip_network(address).version: ip_network(address) for address in (source.ipv4, source.ipv6) if address
    }
    taken = {prefix.network for item in config.subscribers for prefix in item.addresses}
    return {version: network for version, network in wanted.items() if network not in taken}


def upstreams(config: Config) -> tuple[str, ...]:
    """The upstream servers as ``host:port``, each once, with ``system`` written out."""
    servers: dict[str, None] = {}
    for upstream in config.resolver.upstreams:
        servers.update(dict.fromkeys(config.nameservers if upstream.is_system else (str(upstream),)))
    return tuple(servers)


def worker_count(config: Config) -> int:
    """How many workers run; ``auto`` is one per core that this process may use."""
    workers = config.resolver.workers
    return cores() if workers == "auto" else workers


def _info(item: ListConfig, enforced: Enforced) -> ListInfo:
    return ListInfo(
        id=item.id,
        title=item.title or item.id,
        kind=item.kind,
        legal_basis=item.legal_basis,
        confidentiality=item.confidentiality,
        authority="" if item.attribution is Attribution.FORBIDDEN else item.authority,
        contact=item.contact,
        page=item.page,
        categories=item.categories,
        ede=item.ede,
        log=item.log_policy,
        enforced=enforced,
    )


def _resolver(config: Config) -> ResolverSettings:
    section, threshold = config.resolver, config.telemetry.secret_scan_threshold
    return ResolverSettings(
        listen=tuple(map(str, section.listen)),
        workers=worker_count(config),
        upstreams=upstreams(config),
        allow_from=() if config.refuses_strangers else tuple(map(str, section.allow_from)),
        cache_size=section.cache.size.bytes,
        min_ttl=int(section.min_ttl.seconds),
        max_ttl=int(section.max_ttl.seconds),
        max_negative_ttl=int(section.max_negative_ttl.seconds),
        serve_stale=section.serve_stale.seconds,
        prefetch=section.prefetch,
        query_timeout=section.query_timeout.seconds,
        max_in_flight=section.max_in_flight,
        tcp_idle_timeout=section.tcp.idle_timeout.seconds,
        tcp_per_client=section.tcp.per_client,
        tcp_total=section.tcp.total,
        rate_limit=_rate_limit(section.rate_limit),
        query_sample=config.telemetry.query_sample.one_in,
        secret_scan=0 if threshold == "off" else threshold,
    )


def _rate_limit(section: RateLimitConfig) -> RateLimit:
    return RateLimit(
        served=0 if section.answers == "off" else section.answers,
        strangers=0 if section.strangers == "off" else section.strangers,
        ipv4_prefix=section.ipv4_prefix,
        ipv6_prefix=section.ipv6_prefix,
        slip=section.slip,
    )


def _gateway(config: Config) -> GatewaySettings:
    section = config.gateway
    return GatewaySettings(
        ipv4=str(section.answer.ipv4),
        ipv6=str(section.answer.ipv6),
        listen=tuple(map(str, section.listen)),
        provider=section.provider,
        contact=section.contact,
        policy_url=section.policy_url,
        portal_url=section.portal_url,
    )
