"""One generation, opened: the tables and the compiled lists as the questions that the data plane asks of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path

from blocklists.enforcement import Enforced
from blocklists.model import Bit, BitRole, Kind, LegalBasis
from blocklists.snapshot.bits import plan_digest
from blocklists.snapshot.reader import Record, SnapshotReader
from blocklists.urls.index import UrlIndex, UrlIndexError
from resolver.clients.address import Network
from resolver.policy.model import UNLISTED, Listing, Masks, Policy
from resolver.tables.clients import Clients
from resolver.tables.digests import DigestNames
from resolver.tables.heard import heard
from resolver.tables.model import ListInfo, Tables
from resolver.tables.store import TablesError, load, open_urls, take_any

_CARRY_IPV4 = {bytes(10) + b"\xff\xff", b"\x00\x64\xff\x9b" + bytes(8)}
"""IPv4-mapped addresses (RFC 4291 section 2.5.5.2) and the well-known NAT64 prefix (RFC 6052 section 2.1)."""

_ORDERS = {LegalBasis.STATUTE, LegalBasis.COURT}
_ZONES = {BitRole.ACTION, BitRole.CLIENT}
_OF_ONE_LIST = {BitRole.ILLEGAL, BitRole.SECURITY, BitRole.PROTECTED}


class View:
    """A loaded generation; one per process and generation. Who has which policy is read anew at every question."""

    def __init__(
        self,
        tables: Tables,
        reader: SnapshotReader,
        clients: Clients,
        index_key: bytes | None = None,
        urls: UrlIndex | None = None,
    ) -> None:
        """``index_key`` is what ``reader`` was opened with; the core opens the same file with it. ``urls`` is the index
        of pages and digests; None for none.
        """
        self.index_key = index_key
        self.tables = tables
        self.reader = reader
        self.clients = clients
        self.bits: tuple[Bit, ...] = reader.bits
        self.masks = masks_of(reader.bits, tables)
        self.urls = UrlIndex() if urls is None else urls
        self.digests = DigestNames(self.urls, self.masks, tables.lists)

    @classmethod
    def open(cls, state: Path, index_key: bytes | None = None) -> View:
        """Load the generation in force. TablesError or SnapshotError if there is none that is whole, IndexKeyError if
        some of its lists are secret and ``index_key`` is not theirs.
        """
        return cls.open_any(state, index_key)[0]

    @classmethod
    def open_any(
        cls,
        state: Path,
        index_key: bytes | None = None,
        *,
        staged: bool = False,
        check: Callable[[Tables], object] = take_any,
    ) -> tuple[View, list[str]]:
        """The same, with what is wrong with newer generations that were passed over. ``staged``: of the generation that is
        tried out, if there is one. ``check``: as ``store.load`` has it.
        """
        tables, complaints = load(state, staged=staged, check=check)
        reader = SnapshotReader.open(state / tables.snapshot, index_key=index_key)
        clients = Clients.open(state / tables.tables, plan_digest(reader.bits))
        try:
            urls = open_urls(state, tables, index_key)
        except (OSError, UrlIndexError) as error:
            raise TablesError(str(error)) from error
        return cls(tables, reader, clients, index_key, urls), complaints

    @property
    def default_policy(self) -> int:
        """The number of the policy of whoever is served and no client; -1 if nobody else is served."""
        return self.clients.default_policy

    def policy(self, number: int) -> Policy | None:
        """The policy of a number; None if there is none."""
        return self.clients.policy(number)

    def policy_at(self, network: Network) -> Policy | None:
        """The policy of exactly this prefix; None if no subscriber has it."""
        return self.clients.policy_at(network)

    def policy_for(self, address: str) -> Policy | None:
        """The policy of whoever has this address; None for an address that is not served here."""
        return self.clients.policy_for(address)

    def listing(self, wire: bytes) -> Listing:
        """What the lists say of a lower-case wire name."""
        bits, hits = self.reader.look_up(wire)
        if self.digests.any:
            bits |= self.digests.bits(wire)
        return Listing(bits, hits) if hits or bits else UNLISTED

    def listing_of_address(self, packed: bytes) -> Listing:
        """What the lists say of an address in an answer (4 or 16 bytes); an IPv4 address inside IPv6 counts as itself."""
        bits, hits = self.reader.look_up_address(packed)
        if not hits and packed[:12] in _CARRY_IPV4:
            bits, hits = self.reader.look_up_address(packed[12:])
        return Listing(bits, hits) if hits else UNLISTED

    def address_data(self, list_id: str, packed: bytes) -> tuple[Record, ...]:
        """The records that an RPZ list holds for an address in an answer, as ``listing_of_address`` finds it."""
        found = self.reader.address_data(list_id, ip_address(packed))
        if not found and packed[:12] in _CARRY_IPV4:
            found = self.reader.address_data(list_id, ip_address(packed[12:]))
        return found

    def list_of(self, bit: int) -> ListInfo | None:
        """The list that an illegal, security or protected bit stands for; None for a category bit."""
        return (
            self.tables.lists.get(self.bits[bit].id) if self.bits[bit].role is not BitRole.CATEGORY else None
        )


def masks_of(bits: tuple[Bit, ...], tables: Tables) -> Masks:
    """Which bits mean what, those of lists that are switched off aside. A list's legal basis and categories come from
    the tables, its bits from the snapshot.
    """
    by_role = dict.fromkeys(BitRole, 0)
    illegal_orders = 0
    own: dict[str, int] = {}
    categories: dict[str, int] = {}
    counting = heard(bits, tables.lists)
    for bit in counting:
        value = 1 << bit.index
        by_role[bit.role] |= value
        if bit.role is BitRole.CATEGORY:
            categories[bit.id] = value
        elif bit.role in _OF_ONE_LIST:
            own[bit.id] = value
            info = tables.lists.get(bit.id)
            if bit.role is BitRole.ILLEGAL and info is not None and info.legal_basis in _ORDERS:
                illegal_orders |= value
    feeds = {
        info.id: own.get(info.id, 0) | sum(categories.get(category, 0) for category in info.categories)
        for info in tables.lists.values()
        if info.enforced is not Enforced.NOTHING
    }
    zones = {bit.index: bit for bit in counting if bit.role in _ZONES}
    of_illegal = {
        index: 1 << index
        for index, bit in zones.items()
        if (info := tables.lists.get(bit.id)) is not None and info.kind is Kind.ILLEGAL
    }
    for index, value in of_illegal.items():
        illegal_orders |= value if tables.lists[zones[index].id].legal_basis in _ORDERS else 0
    return Masks(
        illegal=by_role[BitRole.ILLEGAL] | sum(of_illegal.values()),
        illegal_orders=illegal_orders,
        protected=by_role[BitRole.PROTECTED],
        security=by_role[BitRole.SECURITY],
        categories=by_role[BitRole.CATEGORY],
        actions={index: (bit.id, bit.action) for index, bit in zones.items()},
        zones=by_role[BitRole.ACTION] | by_role[BitRole.CLIENT],
        clients=by_role[BitRole.CLIENT],
        peers=_peers(zones, tables),
        feeds=feeds,
    )


def _peers(zones: Mapping[int, Bit], tables: Tables) -> dict[int, int]:
    """By zone's bit, the bits of all zones that are silent once it has spoken."""
    group: dict[int, str] = {}
    for index, bit in zones.items():
        info = tables.lists.get(bit.id)
        is_alone = info is None or info.kind is Kind.ILLEGAL
        group[index] = f"list {bit.id}" if is_alone or info is None else info.kind.value
    return {
        index: sum(1 << other for other, name in group.items() if name == own) for index, own in group.items()
    }
