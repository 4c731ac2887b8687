"""Profiles as use cases (``documents``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from sqlalchemy import select

from admin.audit.events import EventKind
from admin.config import Config
from admin.config.document import MAX_KEYS
from admin.config.explain import Fault
from admin.config.people import ProfileConfig
from admin.config.references import reserved_profile, unknown_category
from admin.services.actors import Permission
from admin.services.documents import Documents
from admin.services.errors import ConflictError
from admin.services.kinds import Kind, Words, invalid
from admin.services.known import known_categories
from admin.services.mapped import read_mapped
from admin.store.database import Transaction
from admin.store.tables import Document, ProfileRow, SubscriberRow


class ProfileKind(Kind[ProfileConfig, ProfileRow]):
    """What people can be given."""

    words = Words(
        noun="profile",
        section="profiles",
        read=Permission.PROFILES_READ,
        write=Permission.PROFILES_WRITE,
        created=EventKind.PROFILE_CHANGED,
        changed=EventKind.PROFILE_CHANGED,
        deleted=EventKind.PROFILE_DELETED,
    )
    row = ProfileRow
    model = ProfileConfig
    most = MAX_KEYS

    def declared(self, config: Config) -> Mapping[str, ProfileConfig]:
        """Those of the file."""
        return config.profiles

    def read(self, config: Config, item_id: str, document: Mapping[str, object]) -> ProfileConfig:
        """As below ``profiles`` in the file."""
        return cast("ProfileConfig", read_mapped(self.words.section, config, item_id, document))

    def new_row(self, item_id: str, section: ProfileConfig, document: Document) -> ProfileRow:
        """Nothing beside the document."""
        return ProfileRow(id=item_id, document=document)

    async def check(
        self, transaction: Transaction, declared: Config, item_id: str, section: ProfileConfig
    ) -> None:
        """Its categories must be there, and its id must be no reserved word."""
        known = await known_categories(transaction, declared)
        if faults := list(_faults(item_id, section, known)):
            raise invalid(faults)

    async def check_unused(self, transaction: Transaction, declared: Config, item_id: str) -> None:
        """Nobody may be left without a profile."""
        user = await transaction.session.scalar(
            select(SubscriberRow.id).where(SubscriberRow.profile == item_id).limit(1)
        )
        if user is not None:
            raise ConflictError(
                f"profile `{item_id}` is that of subscriber `{user}` and perhaps of others; give them another one first"
            )


def _faults(item_id: str, section: ProfileConfig, known: set[str]) -> Iterator[Fault]:
    if message := reserved_profile(item_id):
        yield Fault(("id",), message)
    only = () if isinstance(section.allow_only, bool) else section.allow_only
    for key, names in (("block", section.block), ("allow_only", only)):
        for index, name in enumerate(names):
            if message := unknown_category(name, known):
                yield Fault((key, index), message)


PROFILES = Documents(ProfileKind())
"""The use cases."""
