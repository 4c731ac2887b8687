"""A small world in real files, for the core and for its Python oracle at once: lists, clients, policies, a cache."""

from __future__ import annotations

import itertools
import mmap
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from blocklists.model import Confidentiality, Kind, LegalBasis, ListSource
from blocklists.properties import Fetching, PolicyOverride, Rpz
from blocklists.snapshot.compiler import compile_prepared
from blocklists.snapshot.reader import SnapshotReader
from blocklists.snapshot.readings import Prepared
from resolver.answer.decision import Miss, Services, Spoken
from resolver.answer.generation import Generation
from resolver.answer.native_state import settings_of
from resolver.answer.pipeline import Pipeline
from resolver.core import native
from resolver.exchange.cache import Cache
from resolver.exchange.model import Answer, Question
from resolver.policy.model import Policy
from resolver.runtime.counters import CounterPage
from resolver.tables.clients import Clients
from resolver.tables.model import GatewaySettings, ListInfo, LocalRecord, ResolverSettings, Tables
from resolver.tables.view import View

KEY, BOOT = bytes(range(32)), bytes(16)
INDEX_KEY = bytes(range(16))
SECRETS = (b"the present one!", b"the one before..")
NOW_MS = 5_000_000
UNIX_MS = 1_700_000_000_000
CACHE_SIZE = 1 << 20
COMMON = (
    "queries_udp",
    "queries_tcp",
    "malformed",
    "refused",
    "rewritten",
    "dropped",
    "tcp_only",
    "cache_hits",
)
"""Beside all that begin with ``blocked_``: what core and oracle count in the same way."""

SOURCES: Mapping[str, dict[str, Any]] = {
    "voluntary": {
        "kind": Kind.ILLEGAL,
        "legal_basis": LegalBasis.VOLUNTARY,
        "confidentiality": Confidentiality.SECRET,
    },
    "threats": {"kind": Kind.SECURITY},
    "court": {"kind": Kind.ILLEGAL, "legal_basis": LegalBasis.COURT},
    "help": {"kind": Kind.PROTECTED},
    "bets": {"kind": Kind.CATEGORY, "categories": ("gambling",)},
    "adult": {"kind": Kind.CATEGORY, "categories": ("pornography",)},
    "zone": {"kind": Kind.SECURITY, "format": "rpz", "addresses": True},
    "zone2": {"kind": Kind.CATEGORY, "categories": ("gambling",), "format": "rpz", "addresses": True},
    "trial": {
        "kind": Kind.SECURITY,
        "format": "rpz",
        "fetching": Fetching(rpz=Rpz(PolicyOverride.DISABLED)),
    },
    "last": {"kind": Kind.SECURITY, "format": "rpz"},
    "orders": {"kind": Kind.ILLEGAL, "legal_basis": LegalBasis.COURT, "format": "rpz"},
}


EDE = {"zone2": 0, "last": 18, "bets": 15}
"""Codes that the lists want in place of the reason's."""


@dataclass(frozen=True)
class Plan:
    """What a world is made of: list id → text, client prefix → policy, and settings."""

    lists: Mapping[str, str]
    clients: Mapping[str, Policy]
    default: Policy = field(default_factory=lambda: Policy(0))
    served: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    zones: tuple[str, ...] = ("demo.test",)
    udp_payload: int = 1232


def _list_source(id_: str) -> ListSource:
    return ListSource(**{"id": id_, "url": "file:/list", "format": "domains", **SOURCES[id_]})


def _named(name: bytes) -> bytes:
    return bytes([len(name)]) + name


def _rules_text(policy: Policy) -> bytes:
    """The text of ``TablesWriter.rules``: grants in their order, then rules."""
    parts = [
        b"\x04" + struct.pack("<Q", round(grant.until * 1000)) + _named(grant.name) for grant in policy.grants
    ]
    for name, rules in policy.rules.items():
        parts += [bytes([(0 if rule.allow else 2) + rule.below]) + _named(name) for rule in rules]
    return b"".join(parts)


def _add_policy(writer: native.TablesWriter, policy: Policy) -> int:
    rules = _rules_text(policy)
    rewrites = b"".join(_named(name) + _named(target) for name, target in policy.safe_search.items())
    flags = policy.allow_only | policy.paused << 1 | bool(rules) << 2 | bool(rewrites) << 3
    return writer.policy(
        policy.block,
        policy.security,
        policy.only,
        flags,
        writer.rules(rules) if rules else -1,
        writer.rewrites(rewrites) if rewrites else -1,
    )


def write_tables(path: Path, plan: Plan) -> None:
    """Clients and policies of a plan as the file that the core reads."""
    writer = native.TablesWriter.create(
        path, key=KEY, plan=bytes(32), boot=BOOT, created=1, clients=64, policies=64,
        set_bytes=1 << 16, name_bytes=1 << 16,
    )  # fmt: skip
    writer.default(_add_policy(writer, plan.default))
    for prefix in plan.served:
        network = ip_network(prefix)
        writer.served(network.network_address.packed, network.prefixlen)
    for prefix, policy in plan.clients.items():
        network = ip_network(prefix)
        writer.client(network.network_address.packed, network.prefixlen, _add_policy(writer, policy))
    writer.close()


class DictClients(Clients):
    """Who has which policy by a plain dictionary and ``ipaddress``: nothing of the file that the core reads."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._networks = {ip_network(prefix): policy for prefix, policy in plan.clients.items()}

    def policy_for(self, address: str) -> Policy | None:
        asked = ip_address(address)
        asked = getattr(asked, "ipv4_mapped", None) or asked
        found = [network for network in self._networks if asked in network]
        if found:
            return self._networks[max(found, key=lambda network: network.prefixlen)]
        return (
            self._plan.default if any(asked in ip_network(prefix) for prefix in self._plan.served) else None
        )


def make_view(path: Path, plan: Plan) -> View:
    """The oracle's view of the same plan over the same compiled lists."""
    infos = {}
    for id_ in plan.lists:
        source = _list_source(id_)
        infos[id_] = ListInfo(
            id_,
            id_,
            source.kind,
            source.legal_basis,
            source.confidentiality,
            categories=source.categories,
            ede=EDE.get(id_),
        )
    tables = Tables(
        generation=1,
        created=0.0,
        snapshot=path.name,
        tables="",
        lists=infos,
        zones=plan.zones,
        records=(LocalRecord("allowed.demo.test.", "A", 60, "192.0.2.10"),) if plan.zones else (),
        resolver=ResolverSettings(allow_from=plan.served, udp_payload=plan.udp_payload),
        gateway=GatewaySettings("192.0.2.80", "2001:db8::80"),
    )
    return View(tables, SnapshotReader.open(path, index_key=INDEX_KEY), DictClients(plan))


@dataclass
class World:
    """Core and oracle under one plan. ``cached`` is what both find in the cache."""

    plan: Plan
    folder: Path
    with_cache: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further settings of the core's state."""
    limiter_key: bytes | None = None
    counted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        lists = [(_list_source(id_), text.encode()) for id_, text in self.plan.lists.items()]
        snapshot, tables = self.folder / "snapshot", self.folder / "tables"
        compile_prepared(lists, snapshot, Prepared(KEY, index_key=INDEX_KEY), now=1.0, suffixes=())
        write_tables(tables, self.plan)
        self.view = make_view(snapshot, self.plan)
        self.generation = Generation(self.view)
        options = {"cookie_secrets": SECRETS, **self.options}
        settings = settings_of(self.generation, **options)
        self.hits = memoryview(bytearray(8 * 256)).cast("Q")
        self.spoken: list[Spoken] = []
        self.state = native.State(snapshot, tables, settings, index_key=INDEX_KEY, hits=self.hits)
        self.page = CounterPage(self.folder / "counters", native.STATS_NAMES)
        self.python_cache = Cache(CACHE_SIZE, 0.0)
        self.core_cache = self._make_cache()
        self.sketch = native.Sketch(bytes(native.SKETCH_KEY_BYTES))
        self.core = native.Core(
            self.core_cache if self.with_cache else None,
            native.Stats(self.page.words),
            self.limiter_key,
            self.sketch,
        )
        self.secrets = native.CookieSecrets(SECRETS)
        services = Services(
            self._lookup,
            self._age,
            lambda name: self.counted.update([name]),
            self._cookie,
            self._keep,
            self.spoken.append,
        )
        self.pipeline = Pipeline(self.generation, services)

    def _make_cache(self) -> native.Cache:
        memory = mmap.mmap(-1, CACHE_SIZE)
        native.cache_format(memory, KEY, BOOT)
        return native.Cache(memory, BOOT, 0)

    def put(self, answer: Answer) -> None:
        """Into both caches."""
        self.python_cache.store(answer)
        self._keep(answer)

    def _keep(self, answer: Answer) -> None:
        question = answer.question
        flags = question.dnssec_ok * native.KEY_DO | question.checking_disabled * native.KEY_CD
        self.core_cache.put(
            question.name, question.qtype, question.qclass, flags, NOW_MS, answer.wire, answer.ttl_offsets,
            answer.targets, answer.addresses, round(answer.stored * 1000), answer.ttl, answer.ede,
        )  # fmt: skip

    def _lookup(self, question: Question) -> Answer | None:
        found = self.python_cache.look(question, NOW_MS / 1000) if self.with_cache else None
        if found is None or not found.fresh:
            return None
        self.counted["cache_hits"] += 1
        return found.answer

    def _cookie(self, option: bytes, client: str, now: float) -> bytes:
        address = ip_address(client)
        packed = (getattr(address, "ipv4_mapped", None) or address).packed
        return option[:8] + self.secrets.make(option[:8], packed, int(now))

    def _age(self, answer: Answer) -> int:
        return int(NOW_MS / 1000 - answer.stored)

    def oracle(self, packet: bytes, client: str, *, over_tcp: bool = False) -> bytes | Miss | None:
        """What Python makes of a packet."""
        return self.pipeline.handle(packet, client, over_tcp=over_tcp, now=UNIX_MS / 1000)

    def native(self, packet: bytes, client: str, *, over_tcp: bool = False, now_ms: int = NOW_MS) -> Any:
        """What the core makes of it."""
        packed = ip_address(client).packed
        return self.core.answer(self.state, packet, packed, over_tcp=over_tcp, now_ms=now_ms, unix_ms=UNIX_MS)

    def core_counts(self) -> Counter[str]:
        """The core's counters as they stand."""
        return Counter(dict(zip(native.STATS_NAMES, self.page.words, strict=True)))

    @staticmethod
    def common(counts: Counter[str]) -> Counter[str]:
        """The part of some counters that core and oracle share, zeros left out."""
        return Counter(
            {name: n for name, n in counts.items() if n and (name in COMMON or name.startswith("blocked_"))}
        )


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    """Build a world in a folder of its own: ``make_world(Plan(...), with_cache=...)``."""
    numbers = itertools.count()

    def make(plan: Plan, **options: Any) -> World:
        folder = tmp_path / f"world-{next(numbers)}"
        folder.mkdir()
        return World(plan, folder, **options)

    return make


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    """A plan; see its fields."""
    return Plan


def _wire(name: str) -> bytes:
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


@pytest.fixture
def wire() -> Callable[[str], bytes]:
    """Presentation form → wire form, case kept."""
    return _wire


@pytest.fixture
def make_query() -> Callable[..., bytes]:
    """A query packet. ``edns`` is None or (payload, version, DO, options as bytes)."""

    def make(
        name: str | bytes,
        qtype: int = 1,
        *,
        qclass: int = 1,
        flags: int = 0x0100,
        edns: tuple[int, int, bool, bytes] | None = (1232, 0, False, b""),
        message_id: int = 4711,
    ) -> bytes:
        question = (_wire(name) if isinstance(name, str) else name) + struct.pack("!2H", qtype, qclass)
        opt = b""
        if edns is not None:
            payload, version, dnssec_ok, options = edns
            opt = (
                b"\0"
                + struct.pack("!HHBBHH", 41, payload, 0, version, dnssec_ok << 15, len(options))
                + options
            )
        return struct.pack("!6H", message_id, flags, 1, 0, 0, edns is not None) + question + opt

    return make


@pytest.fixture
def make_reply() -> Callable[..., bytes]:
    """An upstream's reply: the aliases one after another, then addresses of the asked type, or an SOA."""

    def make(
        question: Question,
        aliases: Sequence[bytes],
        found: Sequence[bytes],
        *,
        ttl: int = 300,
        rcode: int = 0,
    ) -> bytes:
        owner, records = question.name, []
        for target in aliases:
            records.append(owner + struct.pack("!HHIH", 5, 1, ttl, len(target)) + target)
            owner = target
        records += [owner + struct.pack("!HHIH", question.qtype, 1, ttl, len(data)) + data for data in found]
        soa = b""
        if not found:
            rdata = b"\x02ns\0\x04host\0" + struct.pack("!5I", 1, 2, 3, 4, 60)
            soa = b"\0" + struct.pack("!HHIH", 6, 1, ttl, len(rdata)) + rdata
        head = struct.pack("!6H", 0, 0x8180 | rcode, 1, len(records), bool(soa), 0)
        return head + question.name + struct.pack("!2H", question.qtype, 1) + b"".join(records) + soa

    return make
