"""A small appliance's configuration, its bits, and a view without files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from admin.config import Config, load
from admin.services.build import build_assignments, build_tables
from blocklists.canonical import to_wire
from blocklists.enforcement import Enforced
from blocklists.model import Bit, BitRole
from blocklists.urls.index import UrlIndex
from resolver.clients.address import Network, parse_address
from resolver.policy.model import UNLISTED, Listing, Masks, Policy
from resolver.policy.verdict import suffixes
from resolver.tables.digests import DigestNames
from resolver.tables.model import Assignments, Tables
from resolver.tables.view import masks_of

CONFIG = """\
resolver: {upstreams: ["127.0.0.1:5399"], zones: [{name: demo.test, file: demo.zone}]}
gateway: {answer: {ipv4: 192.0.2.80, ipv6: "2001:db8::80"}, provider: Example ISP}
lists:
  - {id: bets, url: file:bets.txt, format: domains, kind: category, categories: [gambling], title: Bets}
  - {id: talk, url: file:talk.txt, format: domains, kind: category, categories: [chat]}
  - {id: vault, url: file:vault.txt, format: domains, kind: illegal, confidentiality: secret}
  - {id: hotline, url: file:hotline.txt, format: domains, kind: illegal, legal_basis: voluntary, title: Hotline}
  - {id: court, url: file:court.txt, format: domains, kind: illegal, legal_basis: court, title: Court}
  - {id: threats, url: file:threats.txt, format: domains, kind: security, title: Threats}
  - {id: help, url: file:help.txt, format: domains, kind: protected, title: Helplines}
profiles:
  strict: {block: [gambling], safe_search: true, youtube: strict, deny: [waste.example], allow: [ok.bets.example]}
  open: {}
  only: {allow_only: [chat], allow: [school.example]}
  off: {paused: true}
  raw: {security: false}
default_profile: strict
subscribers:
  - {id: home-1, profile: strict, addresses: [192.168.0.1, 192.168.1.0/24]}
  - {id: home-2, profile: open, addresses: [192.168.1.7], deny: [=news.example]}
  - {id: home-3, profile: only, addresses: ["fd00:3::/64"]}
  - {id: home-4, profile: "off", addresses: [192.168.0.4]}
  - {id: home-5, profile: raw, addresses: [198.51.100.5]}
"""

BITS = (
    Bit(0, BitRole.ILLEGAL, "vault"),
    Bit(1, BitRole.ILLEGAL, "hotline"),
    Bit(2, BitRole.ILLEGAL, "court"),
    Bit(3, BitRole.SECURITY, "threats"),
    Bit(4, BitRole.PROTECTED, "help"),
    Bit(5, BitRole.CATEGORY, "gambling"),
    Bit(6, BitRole.CATEGORY, "chat"),
)

LISTED = {
    "secret.example": ("vault",),
    "known.example": ("hotline",),
    "ordered.example": ("court", "vault"),
    "malware.example": ("threats",),
    "helpline.example": ("help", "bets"),
    "bets.example": ("bets",),
    "chat.example": ("talk",),
}
"""Name → the lists that name it and all below it."""


@dataclass
class FakeReader:
    """Class n stands for the n-th name of LISTED."""

    def lists_of(self, class_id: int, /, *, below: bool = False) -> tuple[str, ...]:
        return list(LISTED.values())[class_id]


@dataclass
class FakeView:
    """What ``check`` asks of a view, from a table of names."""

    tables: Tables
    assignments: Assignments
    bits: tuple[Bit, ...] = BITS
    reader: FakeReader = field(default_factory=FakeReader)
    urls: UrlIndex = field(default_factory=UrlIndex)

    @property
    def digests(self) -> DigestNames:
        return DigestNames(self.urls, self.masks, self.tables.lists)

    @property
    def masks(self) -> Masks:
        return masks_of(self.bits, self.tables)

    @property
    def default_policy(self) -> int:
        return self.assignments.default_policy

    def policy(self, number: int, /) -> Policy | None:
        return self.assignments.policies[number] if number >= 0 else None

    def policy_at(self, network: Network, /) -> Policy | None:
        clients = {entry.network: entry.policy for entry in self.assignments.clients}
        return self.policy(clients.get(network, -1))

    def policy_for(self, address: str, /) -> Policy | None:
        parsed = parse_address(address)
        holding = [entry for entry in self.assignments.clients if parsed in entry.network]
        if holding:
            return self.policy(max(holding, key=lambda entry: entry.network.prefixlen).policy)
        served = any(parsed in network for network in self.assignments.served)
        return self.policy(self.default_policy) if served else None

    def listing(self, wire: bytes, /) -> Listing:
        names = {to_wire(name): index for index, name in enumerate(LISTED)}
        hits = [(name, names[name]) for name in suffixes(wire) if name in names]
        if not hits:
            return UNLISTED
        lists = {name: replace(info, enforced=Enforced.ALL) for name, info in self.tables.lists.items()}
        compiled = masks_of(self.bits, replace(self.tables, lists=lists))
        bits = 0
        for _, index in hits:
            for name in self.reader.lists_of(index):
                bits |= compiled.feeds[name]
        return Listing(bits, tuple((sum(1 for _ in suffixes(name)), index) for name, index in hits))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Config]:
    """Write a configuration beside a small zone, and load it."""

    def write_text(text: str) -> Config:
        (tmp_path / "demo.zone").write_text("allowed A 192.0.2.10\n")
        (tmp_path / "weir.yaml").write_text(text)
        return load(tmp_path / "weir.yaml")

    return write_text


@pytest.fixture
def config(write: Callable[[str], Config]) -> Config:
    """The small appliance."""
    return write(CONFIG)


@pytest.fixture
def text() -> str:
    """The small appliance's file."""
    return CONFIG


@pytest.fixture
def bits() -> tuple[Bit, ...]:
    """The bits of its compiled lists."""
    return BITS


@pytest.fixture
def view_of() -> Callable[[Config], FakeView]:
    """The view of a configuration's tables."""

    def make(config: Config) -> FakeView:
        return FakeView(build_tables(config, 42, "snapshot-x.weir", 1000.0), build_assignments(config, BITS))

    return make


@pytest.fixture
def numbers() -> Mapping[str, int]:
    """Bit id → its mask."""
    return {bit.id: 1 << bit.index for bit in BITS}
