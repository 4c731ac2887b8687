"""What stands in the log in place of what nobody outside may read. Openings are drawn elsewhere; nothing is kept here."""

from __future__ import annotations

import hashlib
import hmac

OPENING_BYTES = 32
"""Random bytes that no one can guess; without them a commitment tells nothing and can be linked to nothing."""
_ACTOR_BYTES = 8


def commit(opening: bytes, data: bytes) -> bytes:
    """SHA-256(0x05 ‖ opening ‖ data). ValueError: the opening has not 32 bytes."""
    if len(opening) != OPENING_BYTES:
        raise ValueError(f"an opening has {OPENING_BYTES} bytes, not {len(opening)}")
    return hashlib.sha256(b"\5" + opening + data).digest()


def actor_id(key: bytes, name: str) -> str:
    """``a:`` and 16 hexadecimal digits: the same for the same name under one key, and no name without the key."""
    return "a:" + hmac.digest(key, name.encode("utf-8", "surrogatepass"), "sha256")[:_ACTOR_BYTES].hex()
