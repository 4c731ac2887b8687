"""The token that guards the API, read from the file that the configuration names."""

from __future__ import annotations

from admin.config import Config

SHORTEST = 16
"""Characters; a shorter token could be guessed over a network."""
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
