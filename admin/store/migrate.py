"""Bring a database to the tables of this code. The caller holds the writers' lock and commits.

A database that knows a migration which this code does not have was written by a newer Weir: it is left alone.
Migrations are files ``rNNNN_name.py`` with the revision ``NNNN``, one chain in the order of their numbers. An empty database
gets its tables from the models at once, which are what the whole chain leads to.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, text

from admin.store.all_tables import Base
from admin.store.errors import NewerError

_SCRIPTS = Path(__file__).parent / "migrations"
_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Where Alembic keeps the revision that a database is at."""


def upgrade(connection: Connection) -> None:
    """Run the migrations that the database has not seen. NewerError if it is ahead of this code."""
    known = {path.name[1:5] for path in (_SCRIPTS / "versions").glob("r[0-9]*.py")}
    seen = _seen(connection)
    if seen == {max(known)}:
        return
    if strange := seen - known:
        raise NewerError(
            f"the database has the tables of a newer Weir (migration {', '.join(sorted(strange))}); start that version, "
            "or restore a backup from before it"
        )
    if not seen and not inspect(connection).get_table_names():
        make_tables(connection, max(known))
    else:
        run_migrations(connection)


def _seen(connection: Connection) -> set[str]:
    """The revisions that the database is at; empty for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.scalars(text("SELECT version_num FROM alembic_version")))


def make_tables(connection: Connection, revision: str) -> None:
    """All tables of an empty database, which is at ``revision`` then."""
    Base.metadata.create_all(connection, checkfirst=False)
    _VERSION.create(connection, checkfirst=False)
    connection.execute(_VERSION.insert().values(version_num=revision))


def run_migrations(connection: Connection) -> None:
    """Every migration that the database has not seen, one after the other."""
    # 200 ms to import, which no first start shall pay, and none with nothing to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")
