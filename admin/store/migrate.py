"""Bring a database to the tables of this code. The caller holds the writers' lock and commits.

A database that knows a migration which this code does not have was written by a newer Weir: it is left alone.
Migrations are files ``rNNNN_name.py`` with the revision ``NNNN``, one chain in the order of their numbers.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from admin.store.errors import NewerError

_SCRIPTS = Path(__file__).parent / "migrations"


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
    _run(connection)


def _seen(connection: Connection) -> set[str]:
    """The revisions that the database is at; empty for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.scalars(text("SELECT version_num FROM alembic_version")))


def _run(connection: Connection) -> None:
    # 90 ms to import, which a start with nothing to migrate shall not pay.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")
