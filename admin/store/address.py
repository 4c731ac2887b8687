"""Where the database is: from the configuration to an address that can be opened. Reads a credential; opens nothing."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
FILE_NAME = "weir.db"


def sqlite_address(path: Path) -> str:
    """The address of a database file."""
    return f"{SQLITE}:{path.absolute()}"


def scheme_of(address: str) -> str:
    """``sqlite`` or ``postgresql``; ValueError, without the address, for anything else."""
    scheme = address.partition(":")[0]
    if scheme == "postgres":
        return POSTGRESQL
    if scheme not in (SQLITE, POSTGRESQL):
        raise ValueError(
            "this is no address of a database; write postgresql://user@host/name, or sqlite: and a path"
        )
    return scheme


def shown_address(address: str) -> str:
    """The address without its password, for messages."""
    parts = urlsplit(address)
    if parts.password is None and "password=" not in parts.query:
        return address
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{parts.username or ''}:…@{place}{parts.path}"
