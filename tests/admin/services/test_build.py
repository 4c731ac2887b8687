"""Configuration and bits to tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from time import process_time

import pytest

from admin.config import Config, ConfigError
from admin.config.endpoints import Prefix
from admin.config.people import SubscriberConfig
from admin.config.rules import NameRule
from admin.services.build import NOT_SERVED, build_assignments, build_tables, sources, upstreams, worker_count
from blocklists.canonical import to_wire
from blocklists.model import Bit, Confidentiality, Kind, LegalBasis
from resolver.policy.model import Policy, Rule
from resolver.tables.model import Assignments, LocalRecord, RateLimit, Tables
from resolver.tables.store import decode, encode


@pytest.fixture
def tables(config: Config) -> Tables:
    return build_tables(config, 7, "snapshot-x.weir", 1234.5)


@pytest.fixture
def assignments(config: Config, bits: tuple[Bit, ...]) -> Assignments:
    return build_assignments(config, bits)


def policy_of(assignments: Assignments, prefix: str) -> Policy:
    number = next(entry.policy for entry in assignments.clients if str(entry.network) == prefix)
    assert assignments.policies[number].number == number
    return assignments.policies[number]


def test_a_generation_says_what_it_is(tables: Tables) -> None:
    assert (tables.generation, tables.snapshot, tables.created) == (7, "snapshot-x.weir", 1234.5)
    assert tables.tables == "clients-00000007.weir"
    assert tables.zones == ("demo.test",)
    assert tables.records == (LocalRecord("allowed.demo.test", "A", 300, "192.0.2.10"),)
    assert tables.categories["gambling"] == "Gambling"
    assert tables.gateway.ipv4 == "192.0.2.80"
    assert tables.gateway.provider == "Example ISP"
    assert tables.resolver.upstreams == ("127.0.0.1:5399",)
    assert "192.168.0.0/16" in tables.resolver.allow_from
    assert tables.resolver.min_ttl == 0
    assert tables.resolver.query_timeout == 5.0
    assert tables.lists["vault"].confidentiality is Confidentiality.SECRET
    assert tables.lists["bets"].categories == ("gambling",)
    assert tables.lists["talk"].title == "talk"


@pytest.mark.parametrize(
    ("attribution", "told"),
    [("required", "Example Hotline"), ("allowed", "Example Hotline"), ("forbidden", "")],
)
def test_an_authority_that_may_not_be_named_never_leaves_control(
    write: Callable[[str], Config], attribution: str, told: str
) -> None:
    keys = f"kind: illegal, authority: Example Hotline, attribution: {attribution}, page: Ask us."
    config = write(
        f"resolver: {{upstreams: [127.0.0.1:1]}}\nlists: [{{id: a, url: file:a, format: domains, {keys}}}]\n"
    )
    info = build_tables(config, 7, "snapshot-x.weir", 1234.5).lists["a"]
    assert (info.authority, info.page) == (told, "Ask us.")


def test_a_generation_survives_the_disk(tables: Tables) -> None:
    assert decode(encode(tables), name="x") == tables


def test_the_data_plane_never_sees_a_subscriber(tables: Tables) -> None:
    assert b"home-1" not in encode(tables)


def test_profiles_become_masks(assignments: Assignments, numbers: Mapping[str, int]) -> None:
    strict = policy_of(assignments, "192.168.0.1/32")
    assert strict.block == numbers["gambling"]
    assert strict.security == numbers["threats"]
    assert strict.rules == {
        to_wire("waste.example"): (Rule(allow=False),),
        to_wire("ok.bets.example"): (Rule(allow=True),),
    }
    assert strict.safe_search[to_wire("www.google.co.uk")] == to_wire("forcesafesearch.google.com")
    assert strict.safe_search[to_wire("m.youtube.com")] == to_wire("restrict.youtube.com")
    only = policy_of(assignments, "fd00:3::/64")
    assert only.allow_only
    assert only.only == numbers["chat"]
    assert policy_of(assignments, "192.168.0.4/32").paused
    assert policy_of(assignments, "198.51.100.5/32").security == 0
    assert policy_of(assignments, "192.168.1.7/32").rules == {
        to_wire("news.example"): (Rule(allow=False, below=False),)
    }


def test_equal_policies_are_one(assignments: Assignments) -> None:
    assert assignments.default_policy == policy_of(assignments, "192.168.0.1/32").number
    assert policy_of(assignments, "192.168.0.1/32") is policy_of(assignments, "192.168.1.0/24")
    assert len(assignments.policies) == 5


def test_profiles_of_equal_content_are_one_policy(
    write: Callable[[str], Config], bits: tuple[Bit, ...]
) -> None:
    config = write(
        "resolver: {upstreams: [127.0.0.1:1]}\n"
        "profiles: {a: {block: [gambling], deny: [x.example, y.example]}, b: {deny: [y.example, x.example], block: [gambling]}}\n"
        "default_profile: a\n"
        "subscribers: [{id: s, profile: b, addresses: [192.0.2.1]}]\n"
    )
    assert len(build_assignments(config, bits).policies) == 1


@pytest.mark.parametrize(
    ("profile", "subscriber", "expected"),
    [
        ("allow: [x.example]", "deny: [x.example]", (Rule(allow=False),)),
        ("deny: [x.example]", "allow: [x.example]", (Rule(allow=True),)),
        ("allow: [x.example], deny: [x.example]", "", (Rule(allow=True),)),
        ("deny: [x.example]", "allow: [=x.example]", (Rule(allow=False), Rule(allow=True, below=False))),
    ],
)
def test_the_nearer_decision_replaces_the_same_rule(
    write: Callable[[str], Config], profile: str, subscriber: str, expected: tuple[Rule, ...]
) -> None:
    config = write(
        "resolver: {upstreams: [127.0.0.1:1]}\n"
        f"profiles: {{p: {{{profile}}}}}\n"
        "default_profile: p\n"
        f"subscribers: [{{id: s, profile: p, addresses: [192.0.2.1], {subscriber}}}]\n"
    )
    assert policy_of(build_assignments(config, ()), "192.0.2.1/32").rules == {to_wire("x.example"): expected}


def test_a_category_that_no_list_feeds_blocks_nothing(write: Callable[[str], Config]) -> None:
    config = write(
        "resolver: {upstreams: [127.0.0.1:1]}\nprofiles: {p: {block: [drugs]}}\ndefault_profile: p\n"
    )
    assert build_assignments(config, ()).policies[0].block == 0


def test_an_empty_allow_only_lets_nothing_through(
    write: Callable[[str], Config], bits: tuple[Bit, ...]
) -> None:
    config = write(
        "resolver: {upstreams: [127.0.0.1:1]}\nprofiles: {p: {allow_only: []}}\ndefault_profile: p\n"
    )
    policy = build_assignments(config, bits).policies[0]
    assert (policy.allow_only, policy.only) == (True, 0)


def test_without_profiles_illegal_and_security_lists_still_speak(
    write: Callable[[str], Config], bits: tuple[Bit, ...], numbers: Mapping[str, int]
) -> None:
    assignments = build_assignments(write("resolver: {upstreams: [127.0.0.1:1]}\n"), bits)
    assert assignments.policies[assignments.default_policy] == Policy(number=0, security=numbers["threats"])


def test_strangers_can_be_refused(write: Callable[[str], Config], text: str, bits: tuple[Bit, ...]) -> None:
    config = write(text.replace("default_profile: strict", "default_profile: refuse"))
    assignments = build_assignments(config, bits)
    assert assignments.default_policy == NOT_SERVED
    assert NOT_SERVED not in {policy.number for policy in assignments.policies}
    assert assignments.served == ()
    assert build_tables(config, 1, "s", 0.0).resolver.allow_from == ()


def test_who_is_served_is_whom_the_configuration_serves(config: Config, assignments: Assignments) -> None:
    assert tuple(map(str, assignments.served)) == tuple(map(str, config.resolver.allow_from))


def test_lists_become_sources(config: Config, tmp_path: Path) -> None:
    found = {source.id: source for source in sources(config)}
    assert found["bets"].url == f"file:{tmp_path}/bets.txt"
    assert found["bets"].kind is Kind.CATEGORY
    assert found["court"].legal_basis is LegalBasis.COURT
    assert (found["bets"].refresh, found["bets"].max_shrink, found["bets"].max_growth) == (3600.0, 0.3, 0.5)
    assert found["bets"].max_errors == pytest.approx(0.05)


def test_system_upstreams_are_written_out_once(config: Config, write: Callable[[str], Config]) -> None:
    file = write("resolver: {upstreams: [192.0.2.1, 192.0.2.1, 127.0.0.1:5399]}\n")
    assert upstreams(file) == ("192.0.2.1:53", "127.0.0.1:5399")


@pytest.mark.parametrize(
    ("text", "limit", "one_in"),
    [
        ("node: weir\n", RateLimit(served=0, strangers=100, ipv4_prefix=24, ipv6_prefix=56, slip=2), 0),
        (
            "resolver: {rate_limit: {answers: 2000, strangers: off, ipv4_prefix: 32, ipv6_prefix: 64, slip: 0}}\n"
            "telemetry: {query_sample: 1/500}\n",
            RateLimit(served=2000, strangers=0, ipv4_prefix=32, ipv6_prefix=64, slip=0),
            500,
        ),
    ],
)
def test_limits_and_the_sample_reach_the_workers(
    write: Callable[[str], Config], text: str, limit: RateLimit, one_in: int
) -> None:
    tables = build_tables(write(text), 1, "x", 0.0)
    assert tables.resolver.rate_limit == limit
    assert tables.resolver.query_sample == one_in
    assert decode(encode(tables), name="x") == tables


@pytest.mark.parametrize(("written", "names"), [("", 20), ("10", 10), ("500", 500), ("off", 0)])
def test_the_threshold_of_secret_names_reaches_the_workers(
    write: Callable[[str], Config], written: str, names: int
) -> None:
    text = f"telemetry: {{secret_scan_threshold: {written}}}\n" if written else "node: weir\n"
    assert build_tables(write(text), 1, "x", 0.0).resolver.secret_scan == names


@pytest.mark.parametrize("written", ["9", "501", "0", "-1", "true", "1.5", "many", "[20]"])
def test_a_threshold_that_would_tell_of_single_hits_is_refused(
    write: Callable[[str], Config], written: str
) -> None:
    with pytest.raises(ConfigError, match="write 10 to 500, or off"):
        write(f"telemetry: {{secret_scan_threshold: {written}}}\n")


def test_auto_is_one_worker_per_core(config: Config, write: Callable[[str], Config]) -> None:
    assert config.resolver.workers == "auto"
    assert worker_count(config) == len(os.sched_getaffinity(0))
    assert worker_count(write("resolver: {upstreams: [127.0.0.1:1], workers: 3}\n")) == 3


def test_a_large_network_with_ten_rules_each_builds_in_seconds(config: Config, bits: tuple[Bit, ...]) -> None:
    subscribers = tuple(
        SubscriberConfig.model_construct(
            id=f"home-{number}",
            profile="strict",
            addresses=(Prefix.parse(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"),),
            allow=tuple(NameRule(f"a{place}.{number}.example", below=True) for place in range(5)),
            deny=tuple(NameRule(f"d{place}.{number}.example", below=True) for place in range(5)),
            paused=False,
        )
        for number in range(20_000)
    )
    large = config.model_copy(update={"subscribers": subscribers})
    started = process_time()
    assignments = build_assignments(large, bits)
    seconds = process_time() - started
    assert len(assignments.policies) == 20_001
    assert seconds < 5, f"{seconds:.1f} s for 20,000 subscribers"  # about 1.3 s when the machine is idle
