"""How tables become JSON and JSON becomes tables; made once for all who need it, for making it takes 15 ms."""

from __future__ import annotations

from pydantic import TypeAdapter

from resolver.tables.model import Tables

TABLES: TypeAdapter[Tables] = TypeAdapter(Tables)
