"""Bring a database to the tables of this code. The caller holds the writers' lock and commits.

A database that knows a migration which this code does not have was written by a newer Weir: it is left alone.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from admin.store.errors import NewerError

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Run the migrations that the database has not seen. NewerError if it is ahead of this code."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    seen = set(MigrationContext.configure(connection).get_current_heads())
    if seen == set(scripts.get_heads()):
        return
    _check_known(seen, {script.revision for script in scripts.walk_revisions()})
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")


def _check_known(seen: Set[str], known: Set[str]) -> None:
    if strange := seen - known:
        raise NewerError(
            f"the database has the tables of a newer Weir (migration {', '.join(sorted(strange))}); start that version, "
            "or restore a backup from before it"
        )
