"""The tokens that lie in files: that of the configuration, and the local one of whoever has rights on this box."""

from __future__ import annotations

import os
from pathlib import Path

from admin.config import Config
from blocklists.private_files import write_private

SHORTEST = 16
"""Characters; a shorter token could be guessed over a network."""
LOCAL_BYTES = 32
"""Random bytes of a local token."""
LOCAL_NAME = "local-token"
_LONGEST_FILE = 4096


class TokenError(Exception):
    """The token cannot be used; the message says which file, why and what to do, never its content."""


def read_token(config: Config) -> str | None:
    """The first line of ``admin.token_file``; None if none is configured."""
    path = config.admin.token_file
    if path is None:
        return None
    try:
        with path.open(encoding="ascii") as file:
            token = file.read(_LONGEST_FILE).partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not ASCII text"
        raise TokenError(f"{path}: admin.token_file cannot be read: {reason}") from error
    if len(token) < SHORTEST:
        raise TokenError(
            f"{path}: the token in its first line has less than {SHORTEST} characters; make a longer one"
        )
    return token


def write_local_token(run: Path, token: str) -> None:
    """Put a new local token into the folder ``run``, whole or not at all. OSError as from open(2).

    Other users may write to the folder, so nothing that lies there is followed or trusted; only control's user (and
    root) can read the file.
    """
    write_private(run / LOCAL_NAME, f"{token}\n".encode("ascii"))


def read_local_token(run: Path) -> str | None:
    """The local token; None if there is none or somebody else's user runs Weir."""
    try:
        handle = os.open(run / LOCAL_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, encoding="ascii") as file:
            return file.read(_LONGEST_FILE).strip() or None
    except (OSError, UnicodeDecodeError):
        return None
