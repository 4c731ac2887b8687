"""The keyed digest of secret lists: recognises a text without telling, to who reads it, whether it is a guessed one.

A plain SHA-256 of a short list is an oracle: whoever can guess the list can prove it. The key never leaves its file.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from blocklists.private_files import write_private

KEY_BYTES = 32


def keyed_digest(key: bytes, data: bytes) -> str:
    """HMAC-SHA-256 (RFC 2104) in hexadecimal, of the same form as a plain digest."""
    return hmac.digest(key, data, "sha256").hex()


def stored_key(path: Path) -> bytes:
    """The key in the file ``path``, made there (mode 0600) if there is none or it is damaged. OSError as from open(2)."""
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = b""
    return key if len(key) == KEY_BYTES else _made(path)


def _made(path: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, key)
    return key
