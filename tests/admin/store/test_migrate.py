"""Migrations and models say the same, on both databases, and there is one way through the migrations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

import admin.store.migrate as module
from admin.store.all_tables import Base
from admin.store.engines import make_engines


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def shape(connection: Connection) -> dict[str, object]:
    """Everything about the tables that the database itself knows."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master"))
        return {name: " ".join((sql or "").split()) for name, sql in rows}
    found = inspect(connection)
    return {
        name: (
            [
                (column["name"], repr(column["type"]), column["nullable"])
                for column in found.get_columns(name)
            ],
            found.get_pk_constraint(name),
            sorted(map(str, found.get_foreign_keys(name))),
            sorted(map(str, found.get_unique_constraints(name))),
            sorted(map(str, found.get_check_constraints(name))),
            sorted(map(str, found.get_indexes(name))),
        )
        for name in found.get_table_names()
    }


async def test_migrations_and_models_make_the_same_tables(address: str) -> None:
    engine = make_engines(address).writer

    async def made(make: Callable[[Connection], None]) -> tuple[dict[str, object], list[object], list[str]]:
        async with engine.connect() as connection:  # rolled back: each finds an empty database
            await connection.run_sync(make)
            revisions = list(await connection.scalars(text("SELECT version_num FROM alembic_version")))
            return await connection.run_sync(shape), await connection.run_sync(differences), revisions

    try:
        migrated = await made(module.run_migrations)
        assert migrated[1] == []
        assert await made(module.upgrade) == migrated
    finally:
        await engine.dispose()


async def test_a_new_database_is_made_without_the_migrations(
    address: str, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_migrations", lambda _connection: pytest.fail("not needed"))
    await (await opened(address)).close()
    await opened(address)  # and nothing is left to be done for the next one


async def test_tables_of_unknown_origin_are_no_new_database(
    address: str, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engines(address).writer
    migrated: list[Connection] = []
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE somebodys (a INTEGER)"))
    await engine.dispose()
    monkeypatch.setattr(module, "run_migrations", migrated.append)
    await opened(address)
    assert len(migrated) == 1


def test_the_migrations_are_one_chain_in_the_order_of_their_numbers() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).parent / "migrations"))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions("base", "heads"))[::-1]
    numbers = [script.revision for script in scripts]
    assert numbers == sorted(numbers)
    assert [script.down_revision for script in scripts] == [None, *numbers[:-1]]
    assert [Path(script.path).name[:5] for script in scripts] == [f"r{number}" for number in numbers]
