"""Every table there is, on one ``Base``: whoever needs all of them imports them here. Nothing else lives here."""

from __future__ import annotations

# All declare their tables on Base.
import admin.store.log_tables
import admin.store.opening_tables
import admin.store.probes  # noqa: F401
from admin.store.tables import Base

__all__ = ["Base"]
