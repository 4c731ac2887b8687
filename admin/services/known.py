"""Which categories and profiles there are, declared and stored together."""

from __future__ import annotations

from sqlalchemy import select

from admin.config import Config
from admin.config.categories import BUILT_IN
from admin.store.database import Transaction
from admin.store.tables import CategoryRow, ProfileRow


async def known_categories(transaction: Transaction, declared: Config) -> set[str]:
    """The built-in ones, those of the file and the stored ones."""
    stored = await transaction.session.scalars(select(CategoryRow.id))
    return {*BUILT_IN, *declared.categories, *stored}


async def known_profiles(transaction: Transaction, declared: Config) -> set[str]:
    """Those of the file and the stored ones."""
    return {*declared.profiles, *await transaction.session.scalars(select(ProfileRow.id))}
