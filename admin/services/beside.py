"""What the database holds beside the file, for somebody who is not control: read once, and never written.

Nothing here decides: what is found is put together with the file as control does it (``effective``).
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from admin.config import Config
from admin.config.database import SQLITE
from admin.services.effective import effective


def with_stored(config: Config) -> Config:
    """The configuration with what is stored beside it; StoreError if the database cannot be read.

    Where there is no database file yet, nothing is stored.
    """
    # SQLAlchemy takes a quarter of a second to import: only who asks for it waits for that.
    from admin.store.address import address_of

    address = address_of(config)
    scheme, _, path = address.partition(":")
    if scheme == SQLITE and not Path(path).exists():
        return config
    return asyncio.run(_read(config, address))


async def _read(config: Config, address: str) -> Config:
    from admin.services.loading import load_stored
    from admin.store.database import Database

    database = await Database.open_as_it_is(address)
    try:
        async with database.reading() as transaction:
            stored = await load_stored(transaction, config)
    finally:
        await database.close()
    return effective(config, stored)
