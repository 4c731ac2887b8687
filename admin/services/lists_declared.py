"""Lists as use cases (``documents``): what a list declares. What becomes of it (versions, suspensions) lives elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from admin.audit.events import Detail, EventKind
from admin.config import Config
from admin.config.explain import Fault
from admin.config.lists import ListConfig
from admin.config.references import unknown_category
from admin.services.actors import DeniedError, Permission
from admin.services.acts import Act
from admin.services.canaries import canary_fault
from admin.services.documents import Documents
from admin.services.errors import ConflictError
from admin.services.kinds import Kind, Words, invalid, read_named
from admin.services.known import known_categories
from admin.services.list_sources import list_source
from admin.store.database import Transaction
from admin.store.tables import Document, ListRow
from blocklists.model import Confidentiality
from blocklists.snapshot.bits import PlanError, plan_bits


class ListKind(Kind[ListConfig, ListRow]):
    """Sources of entries."""

    words = Words(
        noun="list",
        section="lists",
        read=Permission.LISTS_READ,
        write=Permission.LISTS_WRITE,
        created=EventKind.LIST_CREATED,
        changed=EventKind.LIST_CHANGED,
        deleted=EventKind.LIST_DELETED,
    )
    row = ListRow
    model = ListConfig
    most = 1_000

    def declared(self, config: Config) -> Mapping[str, ListConfig]:
        """Those of the file."""
        return {item.id: item for item in config.lists}

    def read(self, config: Config, item_id: str, document: Mapping[str, object]) -> ListConfig:
        """As below ``lists`` in the file."""
        return read_named(ListConfig, config, item_id, document)

    def new_row(self, item_id: str, section: ListConfig, document: Document) -> ListRow:
        """Nothing beside the document."""
        return ListRow(id=item_id, document=document)

    def told(self, document: Document) -> Mapping[str, Detail]:
        """Its confidentiality and legal basis, as the configuration takes them where it says nothing."""
        return {
            name: str(document.get(key, ListConfig.model_fields[key].default))
            for key, name in (("confidentiality", "confidentiality"), ("legal_basis", "basis"))
        }

    def check_act(self, act: Act, section: ListConfig) -> None:
        """Whoever may not touch the box's configuration must not send its files and secrets to a server of theirs."""
        if _names_files(section) and Permission.CONFIG_RELOAD not in act.actor.permissions:
            raise DeniedError(
                f"list {section.id} names a file or a secret of this box; that needs the scope {Permission.CONFIG_RELOAD}"
            )

    def check_change(self, act: Act, before: Document, after: ListConfig) -> None:
        """Whoever manages lists must not open a secret one: its entries would show in differences and reviews."""
        was_secret = before.get("confidentiality") == Confidentiality.SECRET
        opened = was_secret and after.confidentiality is not Confidentiality.SECRET
        if opened and Permission.CONFIG_RELOAD not in act.actor.permissions:
            raise DeniedError(
                f"list {after.id} is secret; to make it anything else needs the scope {Permission.CONFIG_RELOAD}"
            )

    async def check(
        self, transaction: Transaction, declared: Config, item_id: str, section: ListConfig
    ) -> None:
        """Its categories must be there, and all lists together must fit the 256 bits of a policy."""
        known = await known_categories(transaction, declared)
        faults = [
            Fault(("categories", index), message)
            for index, name in enumerate(section.categories)
            if (message := unknown_category(name, known))
        ]
        if faults:
            raise invalid(faults)
        rows = await transaction.session.execute(select(ListRow.id, ListRow.document))
        others = [self.read(declared, row_id, document) for row_id, document in rows if row_id != item_id]
        if message := canary_fault(section, declared, others):
            raise invalid([Fault(("canary",), message)])
        try:
            plan_bits([list_source(item) for item in (*declared.lists, *others, section)])
        except PlanError as error:
            raise ConflictError(str(error)) from None


def _names_files(section: ListConfig) -> bool:
    """Whether it leads to files or credentials of this box."""
    access, tsig = section.access, section.transfer.tsig if section.transfer else None
    full = section.hashes.full if section.hashes else ""
    return bool(
        (section.url and section.url.path is not None)
        or access.ca
        or access.certificate
        or access.certificate_key
        or access.api_key
        or tsig
        or section.signature
        or full.startswith("file:")
    )


LISTS = Documents(ListKind())
"""The use cases."""
