"""Migrations and models say the same, on both databases, and there is one way through the migrations."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import admin.store.migrate as module
from admin.store.database import Database
from admin.store.tables import Base


async def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    async with database.transaction() as transaction:
        connection = await transaction.session.connection()
        assert await connection.run_sync(differences) == []


def test_the_migrations_are_one_chain_in_the_order_of_their_numbers() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).parent / "migrations"))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions("base", "heads"))[::-1]
    numbers = [script.revision for script in scripts]
    assert numbers == sorted(numbers)
    assert [script.down_revision for script in scripts] == [None, *numbers[:-1]]
    assert [Path(script.path).name[:5] for script in scripts] == [f"r{number}" for number in numbers]
