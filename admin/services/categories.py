"""Categories as use cases (``documents``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from sqlalchemy import select

from admin.audit.events import EventKind
from admin.config import Config
from admin.config.categories import BUILT_IN
from admin.config.people import CategoryConfig
from admin.services.actors import Permission
from admin.services.documents import Documents
from admin.services.errors import ConflictError
from admin.services.kinds import Kind, Words
from admin.services.mapped import read_mapped
from admin.store.database import Transaction
from admin.store.tables import CategoryRow, Document, ListRow, ProfileRow
from blocklists.model import MAX_BITS


class CategoryKind(Kind[CategoryConfig, CategoryRow]):
    """Categories of the operator's own, and titles for built-in ones."""

    words = Words(
        noun="category",
        section="categories",
        read=Permission.CATEGORIES_READ,
        write=Permission.CATEGORIES_WRITE,
        created=EventKind.CATEGORY_CHANGED,
        changed=EventKind.CATEGORY_CHANGED,
        deleted=EventKind.CATEGORY_DELETED,
    )
    row = CategoryRow
    model = CategoryConfig
    most = MAX_BITS

    def declared(self, config: Config) -> Mapping[str, CategoryConfig]:
        """Those of the file; the built-in ones are declared by Weir itself and may get another title."""
        return config.categories

    def read(self, config: Config, item_id: str, document: Mapping[str, object]) -> CategoryConfig:
        """A category has a title and nothing else."""
        return cast("CategoryConfig", read_mapped(self.words.section, config, item_id, document))

    def new_row(self, item_id: str, section: CategoryConfig, document: Document) -> CategoryRow:
        """Nothing beside the document."""
        return CategoryRow(id=item_id, document=document)

    async def check_unused(self, transaction: Transaction, declared: Config, item_id: str) -> None:
        """No stored list or profile may name it; without it a built-in one has its own title again."""
        if item_id in BUILT_IN:
            return
        for row, noun, keys in (
            (ListRow, "list", ("categories",)),
            (ProfileRow, "profile", ("block", "allow_only")),
        ):
            for user, document in await transaction.session.execute(select(row.id, row.document)):
                if any(item_id in _names(document.get(key)) for key in keys):
                    raise ConflictError(
                        f"category `{item_id}` is named by {noun} `{user}`; change that first"
                    )


def _names(value: object) -> list[object]:
    return value if isinstance(value, list) else []


CATEGORIES = Documents(CategoryKind())
"""The use cases."""
