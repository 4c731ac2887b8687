"""The sections about the box itself: resolver, gateway, admin. Field docstrings are the manual."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from admin.config.database import DatabaseAddress
from admin.config.endpoints import HostPort, Prefix, Upstream
from admin.config.fields import (
    FilePath,
    Ipv4,
    Ipv6,
    ListOf,
    Section,
    Text,
    Ttl,
    WebAddress,
    between,
    between_or_off,
    key,
    unset,
)
from admin.config.gates import GatesConfig
from admin.config.list_sections import SecretRef
from admin.config.problems import fault, shown
from admin.config.values import Duration, Sample, Size
from blocklists.canonical import CanonicalError, host, to_ascii
from blocklists.model import SkipReason

MAX_WORKERS = 256
MAX_ANSWERS = 1_000_000
"""Answers per second to one prefix; more than one worker can send."""

LOCAL_NETWORKS = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
"""Who is served by default: this machine and networks that are not the internet (RFC 1918, 6598, 3927, 4193, 4291)."""


def _workers(value: object) -> object:
    if value == "auto" or (type(value) is int and 1 <= value <= MAX_WORKERS):
        return value
    raise fault(f"{shown(value)} is no number of workers; write 1 to {MAX_WORKERS}, or auto for one per core")


def _answers(value: object) -> object:
    if value == "off" or (type(value) is int and 1 <= value <= MAX_ANSWERS):
        return value
    raise fault(
        f"{shown(value)} is no number of answers; write 1 to {MAX_ANSWERS} per second, or off for no limit"
    )


def _zone_name(value: object) -> str:
    if not isinstance(value, str):
        raise fault(f"{shown(value)} is no zone name; write for example home.example")
    try:
        return host(value)
    except CanonicalError as error:
        if error.reason is SkipReason.SINGLE_LABEL:  # a house's own `lan` or `home`
            return to_ascii(value).lower().removesuffix(".")
        raise fault(f"{shown(value)} is no zone name ({error}); write for example home.example") from None


class CacheConfig(Section):
    """What is kept of upstream answers."""

    size: Size = key(Size.parse("64MiB"), example="256MiB")
    """Memory for cached answers, for all workers together."""


class TcpConfig(Section):
    """Bounds on DNS over TCP (RFC 7766 section 6)."""

    idle_timeout: Annotated[Duration, between("1s", "10m")] = key(Duration.parse("10s"), example="10s")
    """A connection without a question for this long is closed."""
    per_client: int = key(20, example="20", ge=1, le=10_000)
    """Connections that one client address may have at once."""
    total: int = key(1_000, example="1000", ge=1, le=1_000_000)
    """Connections that one worker keeps at once."""


def _scan_threshold(value: object) -> object:
    if value == "off":
        return value
    if isinstance(value, int) and not isinstance(value, bool) and FEWEST_SCANNED <= value <= MOST_SCANNED:
        return value
    raise fault(
        f"{shown(value)} is no number of names; write {FEWEST_SCANNED} to {MOST_SCANNED}, or off to be warned of nobody"
    )


FEWEST_SCANNED = 10
"""Fewer would tell of single hits of a secret list (the floor of illegal-content-lists.md, G1)."""
MOST_SCANNED = 500
"""A sketch's 256 bits do not tell more names apart."""
ScanThreshold = Annotated[int | Literal["off"], BeforeValidator(_scan_threshold)]
"""Distinct names of secret lists in a day, or never."""

Answers = Annotated[int | Literal["off"], BeforeValidator(_answers)]
"""Answers per second, or no limit."""


Pace = Annotated[Duration | Literal["off"], between_or_off("10s", "1d")]
"""How often something is done, or never."""


class RateLimitConfig(Section):
    """How many UDP answers go to one source prefix, so that a flood with forged sources does not become one of answers
    to its victim. Clients over TCP and those with a valid DNS cookie (RFC 7873) are not limited. Each worker counts by
    itself.
    """

    answers: Answers = key("off", example="2000", words="a whole number, or off")
    """Answers per second to one prefix of those who are served. Off unless you need it: an access network's own
    subscribers sit behind few prefixes, and forged sources of your own network are better stopped where it begins
    (BCP 38). If your network cannot do that, set about ten times what your busiest prefix asks for."""
    strangers: Answers = key(100, example="100", words="a whole number, or off")
    """Answers (REFUSED) per second to one prefix of those who are not served: whoever sends there in their name can
    make this box part of an attack. 100 leave room for mistaken configurations to be seen and mended."""
    ipv4_prefix: int = key(24, example="24", ge=8, le=32)
    """IPv4 addresses that share their first so many bits count as one source."""
    ipv6_prefix: int = key(56, example="56", ge=16, le=128)
    """The same for IPv6; 56 bits are what one household usually has."""
    slip: int = key(2, example="2", ge=0, le=255)
    """Every so many-th answer over the limit is a short one that asks the client to come again over TCP; the others are
    silence. 1 is always, 0 never, which cuts off honest clients behind a prefix whose name is misused."""


class ZoneConfig(Section):
    """A built-in zone: names below it are answered from the file and never go upstream."""

    name: Annotated[str, BeforeValidator(_zone_name)] = key(example="home.example", words="a name")
    """The zone's apex."""
    file: FilePath = key(example="zones/home.example.zone", words="a path")
    """A master file (RFC 1035 section 5). SOA and NS may be left out. A relative path starts at the configuration."""


class ResolverConfig(Section):
    """How DNS is served."""

    listen: ListOf[HostPort] = key(
        (HostPort("127.0.0.1", 53), HostPort("::1", 53)),
        example='["192.0.2.53:53", "[2001:db8::53]:53"]',
        min_length=1,
    )
    """Where DNS is answered, over UDP and TCP."""
    workers: Annotated[int | Literal["auto"], BeforeValidator(_workers)] = key(
        "auto", example="auto", words="a whole number, or auto"
    )
    """Worker processes; `auto` is one per core."""
    upstreams: ListOf[Upstream] = key(
        (Upstream("", 0),), example='["9.9.9.9", "127.0.0.1:5399"]', min_length=1
    )
    """Servers that answer what is not known here; the quickest healthy one is asked. `system` stands for the servers
    of /etc/resolv.conf."""
    cache: CacheConfig = key(unset(CacheConfig), example="{size: 256MiB}")
    """What is kept of upstream answers."""
    allow_from: ListOf[Prefix] = key(
        tuple(Prefix.parse(network) for network in LOCAL_NETWORKS), example='["10.0.0.0/8", "2001:db8::/32"]'
    )
    """Networks that are served; anybody else is answered REFUSED. Subscribers are always served."""
    min_ttl: Ttl = key(Duration.parse("0s"), example="30s")
    """Answers are kept at least this long, whatever the upstream says."""
    max_ttl: Ttl = key(Duration.parse("1d"), example="1d")
    """Answers are kept at most this long."""
    max_negative_ttl: Ttl = key(Duration.parse("1h"), example="1h")
    """That a name does not exist is remembered at most this long (RFC 2308)."""
    serve_stale: Annotated[Duration, between("0s", "7d")] = key(Duration.parse("1d"), example="1d")
    """While no upstream answers, an expired answer may be given this long after its end (RFC 8767); `0s` is never."""
    prefetch: bool = key(default=True, example="true")
    """Popular names are asked for again shortly before they expire."""
    query_timeout: Annotated[Duration, between("500ms", "30s")] = key(Duration.parse("5s"), example="5s")
    """A question is answered within this time, if need be by SERVFAIL."""
    max_in_flight: int = key(10_000, example="10000", ge=1, le=1_000_000)
    """Different questions that one worker asks the upstreams at once."""
    tcp: TcpConfig = key(unset(TcpConfig), example="{idle_timeout: 10s, per_client: 20}")
    """Bounds on DNS over TCP."""
    rate_limit: RateLimitConfig = key(unset(RateLimitConfig), example="{strangers: 100}")
    """How many UDP answers go to one source prefix."""
    zones: ListOf[ZoneConfig] = key((), example="[{name: home.example, file: zones/home.example.zone}]")
    """Built-in zones."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.min_ttl.milliseconds > self.max_ttl.milliseconds:
            raise fault(f"`{self.min_ttl}` is more than max_ttl (`{self.max_ttl}`); lower it", key="min_ttl")
        return self


class AnswerConfig(Section):
    """What blocked names resolve to."""

    ipv4: Ipv4 = key(IPv4Address("127.0.0.1"), example="192.0.2.80", words="an IPv4 address")
    """The answer to A questions: the address by which subscribers reach the gateway."""
    ipv6: Ipv6 = key(IPv6Address("::1"), example='"2001:db8::80"', words="an IPv6 address")
    """The answer to AAAA questions."""


class GatewayConfig(Section):
    """The stop page: what a person sees in place of a blocked site."""

    answer: AnswerConfig = key(unset(AnswerConfig), example='{ipv4: 192.0.2.80, ipv6: "2001:db8::80"}')
    """What blocked names resolve to."""
    listen: ListOf[HostPort] = key((HostPort("127.0.0.1", 8080),), example='["192.0.2.80:80"]', min_length=1)
    """Where the stop page is served over HTTP."""
    provider: Text = key("", example="Example Broadband")
    """Your name, as your customers know it; shown on the stop page."""
    contact: Text = key("", example="filter@isp.example")
    """A mail address or telephone number for questions and mistakes; shown on the stop page."""
    policy_url: WebAddress = key("", example="https://isp.example/filter", words="a web address")
    """A page that explains what you filter and why."""
    portal_url: WebAddress = key("", example="https://isp.example/my", words="a web address")
    """A page where the account holder changes the profile."""


class VaultConfig(Section):
    """The protection of secret lists on this box."""

    key: SecretRef | None = key(None, example="credential:weir-vault", words="a path or credential:NAME")
    """Where the box's vault key lies: 32 random bytes, raw or as 64 hexadecimal digits, in a file that its owner alone
    may read or, better, a systemd credential that the machine's TPM seals (systemd-creds). Every box has its own. Without
    it Weir makes one in `data_dir`: whoever has a copy of that folder can then tell which names secret lists have. A
    change of the key counts from the next start of control on."""


class AdminConfig(Section):
    """The admin API and consoles."""

    listen: HostPort = key(HostPort("127.0.0.1", 8000), example='"127.0.0.1:8000"')
    """Where the admin API is served over HTTP. An address that others can reach needs `token_file`."""
    token_file: FilePath | None = key(None, example="/etc/weir/token", words="a path")
    """A file whose first line is the token that API clients must send."""
    notify: HostPort | None = key(None, example='"192.0.2.80:5353"')
    """Where the primaries of transferred zones say that there is a new version (NOTIFY, RFC 1996), over UDP and TCP. Off by
    default: zones are then looked for at their times only. Only their servers should be able to reach it."""
    database: DatabaseAddress | None = key(
        None, example="postgresql://weir@db.isp.example/weir", words="the address of a database"
    )
    """Where everything lies that is not in this file: lists, profiles and subscribers that came over the API, tokens and
    audit events. By default the SQLite file `weir.db` in `data_dir`. For PostgreSQL write its address as libpq has it;
    one with a password belongs into a file: `credential:NAME` for what systemd hands over, or `file:PATH`."""
    vault: VaultConfig = key(unset(VaultConfig), example="{key: credential:weir-vault}")
    """The protection of secret lists on this box."""

    gates: GatesConfig = key(unset(GatesConfig), example="{never: [pay.isp.example]}")
    """What new versions of lists are held against."""

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if not self.listen.is_loopback and self.token_file is None:
            raise fault(
                f"`{self.listen}` can be reached from other machines and no token guards it; set admin.token_file, or "
                f"listen on 127.0.0.1:{self.listen.port}",
                key="listen",
            )
        return self


class SourceConfig(Section):
    """From which addresses of this box the self-test asks."""

    ipv4: Ipv4 = key(IPv4Address("127.86.69.73"), example="127.86.69.73", words="an IPv4 address")
    """Any loopback address (127.0.0.0/8) that nobody else uses: none of them can come in from a network."""
    ipv6: Ipv6 | None = key(None, example='"fd00::5e1f"', words="an IPv6 address")
    """An address of this box of its own, for listeners on IPv6; without it those are not tested."""


class TelemetryConfig(Section):
    """What is measured beyond /metrics."""

    query_sample: Sample = key(Sample(0), example="1/1000")
    """A view of a small share of queries for finding faults: `GET /api/v1/stats/queries`. Off by default. The newest
    1,024 of each worker lie in the run folder; older ones are overwritten, all are wiped when this is switched off. Never
    in it: who asked, what a list of illegal content or a security list blocked by itself, or a name that any list or rule
    speaks about. Of other names it has what stands right below the public suffix, and shows that only if it was asked
    for several times."""
    secret_scan_threshold: ScanThreshold = key(20, example="20", words="a whole number, or off")
    """From so many distinct names of secret lists in a day a client counts as walking through them (10 to 500). You are
    then warned by /readyz, /metrics, the journal and one audit event, each with nothing but the number of such clients.
    Each worker estimates it, to within a tenth, in its memory under a key that lasts a day; who they are, what they asked
    for and which list it was is known nowhere. `off` is never."""
    selftest: Pace = key(Duration.parse("5m"), example="5m", words="a duration, or off")
    """How often every list's canary is asked for, end to end, at each address that this box listens on; `off` is never."""
    selftest_source: SourceConfig = key(unset(SourceConfig), example="{ipv4: 127.86.69.73}")
    """Where these questions come from. Weir gives these addresses a policy of their own that blocks every category and
    security list, so that each list can be tested without a real subscriber."""


class EmptySection(Section):
    """A section whose keys come with later versions: none of them is silently ignored until then."""
