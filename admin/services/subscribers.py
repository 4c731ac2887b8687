"""Subscribers as use cases (``documents``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import delete, insert, select

from admin.audit.events import EventKind
from admin.config import Config
from admin.config.endpoints import Prefix
from admin.config.explain import Fault
from admin.config.people import SubscriberConfig
from admin.config.references import taken_prefix, unknown_profile
from admin.services.actors import Permission
from admin.services.documents import Documents
from admin.services.kinds import Kind, Words, invalid, read_named
from admin.services.known import known_profiles
from admin.store.database import Transaction
from admin.store.tables import Document, IdentityRow, SubscriberRow


class SubscriberKind(Kind[SubscriberConfig, SubscriberRow]):
    """Who has which profile, told apart by address."""

    words = Words(
        noun="subscriber",
        section="subscribers",
        read=Permission.SUBSCRIBERS_READ,
        write=Permission.SUBSCRIBERS_WRITE,
        created=EventKind.SUBSCRIBER_CHANGED,
        changed=EventKind.SUBSCRIBER_CHANGED,
        deleted=EventKind.SUBSCRIBER_DELETED,
    )
    row = SubscriberRow
    model = SubscriberConfig

    def declared(self, config: Config) -> Mapping[str, SubscriberConfig]:
        """Those of the file."""
        return {subscriber.id: subscriber for subscriber in config.subscribers}

    def read(self, config: Config, item_id: str, document: Mapping[str, object]) -> SubscriberConfig:
        """As below ``subscribers`` in the file."""
        return read_named(SubscriberConfig, config, item_id, document)

    def new_row(self, item_id: str, section: SubscriberConfig, document: Document) -> SubscriberRow:
        """The profile stands in a column too."""
        return SubscriberRow(id=item_id, document=document, profile=section.profile)

    def update(self, row: SubscriberRow, section: SubscriberConfig) -> None:
        """The profile may have changed."""
        row.profile = section.profile

    async def check(
        self, transaction: Transaction, declared: Config, item_id: str, section: SubscriberConfig
    ) -> None:
        """Its profile must be there, and nobody else may have one of its networks."""
        faults: list[Fault] = []
        if message := unknown_profile(section.profile, await known_profiles(transaction, declared)):
            faults.append(Fault(("profile",), message))
        holders = await _holders(transaction, declared, item_id, section.addresses)
        faults += _prefix_faults(section.addresses, holders)
        if faults:
            raise invalid(faults)

    async def written(self, transaction: Transaction, item_id: str, section: SubscriberConfig) -> None:
        """Its identities are those that the document has."""
        session = transaction.session
        await session.flush()
        await session.execute(delete(IdentityRow).where(IdentityRow.subscriber == item_id))
        rows = [{"prefix": str(prefix), "subscriber": item_id} for prefix in section.addresses]
        await session.execute(insert(IdentityRow), rows)


async def _holders(
    transaction: Transaction, declared: Config, item_id: str, addresses: tuple[Prefix, ...]
) -> dict[str, str]:
    """Who else has one of these networks: prefix → where it stands."""
    wanted = {str(prefix) for prefix in addresses}
    found = await transaction.session.execute(
        select(IdentityRow.prefix, IdentityRow.subscriber).where(
            IdentityRow.prefix.in_(wanted), IdentityRow.subscriber != item_id
        )
    )
    holders = {prefix: f"subscriber `{subscriber}`" for prefix, subscriber in found}
    networks = {prefix.network for prefix in addresses}
    for subscriber in declared.subscribers:
        for prefix in subscriber.addresses:
            if prefix.network in networks:
                holders[str(prefix)] = f"subscriber `{subscriber.id}` of the configuration file"
    return holders


def _prefix_faults(addresses: tuple[Prefix, ...], holders: Mapping[str, str]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for index, prefix in enumerate(map(str, addresses)):
        if holder := holders.get(prefix):
            yield Fault(("addresses", index), taken_prefix(prefix, holder))
        elif (before := first.setdefault(prefix, index)) != index:
            yield Fault(("addresses", index), taken_prefix(prefix, f"addresses[{before}]"))


SUBSCRIBERS = Documents(SubscriberKind())
"""The use cases."""
