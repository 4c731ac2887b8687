"""What Alembic runs for every migration: over the connection that ``admin.store.migrate`` hands over, nothing else."""

from __future__ import annotations

from alembic import context

import admin.store.log_tables  # noqa: F401 - declares its tables on Base
import admin.store.probes  # noqa: F401 - declares its tables on Base
from admin.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, transactional_ddl=True
)
context.run_migrations()
