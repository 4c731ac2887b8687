"""A small world for the tests of the resolver: lists as plain dictionaries, policies, and the questions to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import dns.name
import pytest

from blocklists.model import Action, Bit, BitRole, Confidentiality, Kind, LegalBasis
from blocklists.snapshot.bits import plan_digest
from resolver.policy.model import Policy
from resolver.policy.verdict import suffixes
from resolver.tables.clients import Clients
from resolver.tables.model import (
    Assignments,
    ClientEntry,
    GatewaySettings,
    ListInfo,
    LocalRecord,
    ResolverSettings,
    Tables,
)
from resolver.tables.view import View
from resolver.tables.writing import ClientsWriter


def _wire(name: str) -> bytes:
    return dns.name.from_text(name).canonicalize().to_wire() or b""


@dataclass
class DictReader:
    """Stands for the compiled lists: name → bit indexes, for the name and all below it."""

    bits: tuple[Bit, ...]
    names: Mapping[bytes, tuple[int, ...]] = field(default_factory=dict)
    addresses: Mapping[bytes, tuple[int, ...]] = field(default_factory=dict)
    records: Mapping[tuple[str, bytes], tuple[tuple[str, int, str], ...]] = field(default_factory=dict)

    def look_up(self, wire: bytes) -> tuple[int, tuple[tuple[int, int], ...]]:
        mask, hits = 0, []
        for suffix in suffixes(wire):
            if suffix in self.names:
                mask |= sum(1 << bit for bit in self.names[suffix])
                hits.append((sum(1 for _ in suffixes(suffix)), 1))
        return mask, tuple(hits)

    def look_up_address(self, packed: bytes) -> tuple[int, tuple[tuple[int, int], ...]]:
        found = self.addresses.get(packed, ())
        return sum(1 << bit for bit in found), tuple((8 * len(packed), 1) for _ in found)

    def local_data(self, list_id: str, wire: bytes) -> tuple[tuple[str, int, str], ...]:
        return self.records.get((list_id, wire), ())


ILLEGAL, ORDER, MALWARE, PROTECTED, GAMBLING, PORN, NX, NODATA, DROP, TCP, LOCAL, ITCP, ILOCAL = range(13)
BITS = (
    Bit(ILLEGAL, BitRole.ILLEGAL, "iwf"),
    Bit(ORDER, BitRole.ILLEGAL, "court"),
    Bit(MALWARE, BitRole.SECURITY, "malware"),
    Bit(PROTECTED, BitRole.PROTECTED, "help"),
    Bit(GAMBLING, BitRole.CATEGORY, "gambling"),
    Bit(PORN, BitRole.CATEGORY, "pornography"),
    Bit(NX, BitRole.ACTION, "malware", Action.NXDOMAIN),
    Bit(NODATA, BitRole.ACTION, "malware", Action.NODATA),
    Bit(DROP, BitRole.ACTION, "malware", Action.DROP),
    Bit(TCP, BitRole.ACTION, "malware", Action.TCP_ONLY),
    Bit(LOCAL, BitRole.ACTION, "malware", Action.LOCAL_DATA),
    Bit(ITCP, BitRole.ACTION, "iwf", Action.TCP_ONLY),
    Bit(ILOCAL, BitRole.ACTION, "iwf", Action.LOCAL_DATA),
)
LISTED = {
    "illegal.example": (ILLEGAL,),
    "ordered.example": (ORDER,),
    "both.example": (ILLEGAL, ORDER),
    "malware.example": (MALWARE,),
    "nx.example": (NX,),
    "nodata.example": (NODATA,),
    "drop.example": (DROP,),
    "tcp.example": (TCP,),
    "local.example": (LOCAL,),
    "tcp-bets.example": (TCP, GAMBLING),
    "tcp-illegal.example": (ITCP,),
    "illegal-alias.example": (ILOCAL,),
    "alias.example": (LOCAL,),
    "helpline.example": (PROTECTED,),
    "help.bets.example": (PROTECTED,),
    "forbidden-help.example": (PROTECTED, ILLEGAL),
    "bets.example": (GAMBLING,),
    "adult.example": (PORN,),
}
RECORDS = {
    ("malware", _wire("local.example")): (("A", 60, "192.0.2.66"), ("TXT", 60, '"walled garden"')),
    ("iwf", _wire("illegal-alias.example")): (("CNAME", 60, "garden.example."),),
    ("malware", _wire("alias.example")): (("CNAME", 60, "garden.example."),),
}
LISTS = {
    "iwf": ListInfo("iwf", "Voluntary", Kind.ILLEGAL, LegalBasis.VOLUNTARY, Confidentiality.SECRET),
    "court": ListInfo(
        "court", "Order", Kind.ILLEGAL, LegalBasis.COURT, Confidentiality.PUBLIC, authority="Court"
    ),
    "malware": ListInfo("malware", "Malware", Kind.SECURITY, LegalBasis.USER, Confidentiality.PUBLIC),
    "help": ListInfo("help", "Help", Kind.PROTECTED, LegalBasis.USER, Confidentiality.PUBLIC),
}
SECURITY = sum(1 << bit for bit in (MALWARE, NX, NODATA, DROP, TCP, LOCAL))


@pytest.fixture
def wire() -> Callable[[str], bytes]:
    """Presentation form → lower-case wire form."""
    return _wire


@pytest.fixture
def make_clients(tmp_path: Path) -> Callable[[Assignments], Clients]:
    """A file of clients and policies for the bits above, mapped."""
    made: list[Path] = []

    def make(assignments: Assignments) -> Clients:
        made.append(tmp_path / f"clients-{len(made)}.weir")
        plan = plan_digest(BITS)
        ClientsWriter.create(made[-1], assignments, plan=plan, key=bytes(range(32)), now=0.0).close()
        return Clients.open(made[-1], plan)

    return make


@pytest.fixture
def make_view(make_clients: Callable[[Assignments], Clients]) -> Callable[..., View]:
    """Build a view: policies by client prefix, over the listed names above. Policies get numbers of the file's own."""

    def build(
        clients: Mapping[str, Policy] | None = None,
        *,
        default: Policy | None = None,
        addresses: Mapping[bytes, tuple[int, ...]] | None = None,
        zones: tuple[str, ...] = ("demo.test",),
        records: tuple[LocalRecord, ...] | None = None,
        **settings: Any,
    ) -> View:
        clients = clients or {}
        policies = {policy.number: policy for policy in clients.values()}
        default = default or Policy(0, security=SECURITY)
        policies[default.number] = default
        tables = Tables(
            generation=1,
            created=0.0,
            snapshot="",
            tables="",
            lists=LISTS,
            zones=zones,
            records=records
            if records is not None
            else (
                LocalRecord("allowed.demo.test.", "A", 60, "192.0.2.10"),
                LocalRecord("cloak.demo.test.", "CNAME", 60, "bets.example."),
                LocalRecord("out.demo.test.", "CNAME", 60, "outside.test."),
            ),
            resolver=ResolverSettings(**{"allow_from": ("127.0.0.0/8", "::1/128"), **settings}),
            gateway=GatewaySettings("192.0.2.80", "2001:db8::80"),
        )
        reader = DictReader(
            BITS, {_wire(name): bits for name, bits in LISTED.items()}, addresses or {}, RECORDS
        )
        assignments = Assignments(
            policies=tuple(policies.values()),
            clients=tuple(ClientEntry.of(prefix, policy.number) for prefix, policy in clients.items()),
            default_policy=default.number,
            served=tuple(map(ip_network, tables.resolver.allow_from)),
        )
        return View(tables, reader, make_clients(assignments))  # type: ignore[arg-type]  # a stand-in with the methods that are used

    return build
