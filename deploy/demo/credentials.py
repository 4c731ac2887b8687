"""The demonstration's API tokens: made before its first start, printed once, kept in ``demo-credentials.json``.

``python -m deploy.demo.credentials CONFIG``. Tokens are never changed here: whoever wants others removes the file.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from admin.config import ConfigError, load
from admin.config.database import SQLITE
from admin.services.actors import Actor, ActorKind, Role
from admin.services.acts import Act
from admin.services.place import Place
from admin.services.tokens import TOKEN_BYTES, Wanted, create_token
from admin.store.address import address_of
from admin.store.database import Database
from admin.store.errors import StoreError
from blocklists.private_files import write_private

FILE_NAME = "demo-credentials.json"
HOLDERS: tuple[tuple[Role, str], ...] = (
    (Role.OPERATOR, "admin"),
    (Role.LIST_MANAGER, "anna"),
    (Role.LIST_MANAGER, "ben"),
    (Role.AUDITOR, "auditor"),
    (Role.INTEGRATION, "billing"),
)
"""Two list managers, because two persons release what the gates hold back."""


def main(arguments: list[str]) -> int:
    """0 when the tokens are there, 1 when they cannot be made, 2 for a configuration that cannot be used."""
    try:
        config = load(Path(arguments[0]))
        path = config.data_dir / FILE_NAME
        address = address_of(config)
        if is_made(path, address):
            return 0
        Place(config.data_dir).create()
        tokens = asyncio.run(make_tokens(address, time.time()))
        keep(path, tokens)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (OSError, StoreError) as error:
        sys.stderr.write(f"the demonstration's tokens cannot be made: {error}\n")
        return 1
    width = max(map(len, tokens))
    lines = "\n".join(f"  {name.ljust(width)}  {token}" for name, token in tokens.items())
    sys.stdout.write(f"API tokens, printed this once and kept in {path}:\n\n{lines}\n\n")
    return 0


def is_made(path: Path, address: str) -> bool:
    """Tokens were made, and the database that knows them is still there."""
    scheme, _, database = address.partition(":")
    return path.exists() and (scheme != SQLITE or Path(database).exists())


async def make_tokens(address: str, now: float) -> dict[str, str]:
    """New tokens by role and holder."""
    act = Act(Actor.of_the_box(ActorKind.LOCAL, "demo"), now, "first start of the demonstration")
    database = await Database.open(address)
    try:
        async with database.transaction() as transaction:
            return {
                f"{role}-{holder}": (
                    await create_token(
                        transaction, act, Wanted(role, holder), random=secrets.token_bytes(TOKEN_BYTES)
                    )
                ).text
                for role, holder in HOLDERS
            }
    finally:
        await database.close()


def keep(path: Path, tokens: Mapping[str, str]) -> None:
    """Write the file whole or not at all, for its owner's eyes alone.

    A crash before leaves tokens in the database that nobody knows, and the next start makes others.
    """
    role, holder = HOLDERS[0]
    content = {"api_token": tokens[f"{role}-{holder}"], "tokens": dict(tokens)}
    write_private(path, (json.dumps(content, indent=2) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
