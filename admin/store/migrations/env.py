"""What Alembic runs for every migration: over the connection that ``admin.store.migrate`` hands over, nothing else."""

from __future__ import annotations

from alembic import context

from admin.store.all_tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, transactional_ddl=True
)
context.run_migrations()
