"""The key of secret lists' digests, as control hands it to whoever serves: one small file in the run folder.

It is no part of a generation and lies in no file of the state folder: a copy of that tells nothing about a secret list.
Where the run folder is on a disk, the file is a link to one on tmpfs (``admin.services.index_key``). It is read anew for
every generation, and held in memory only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from blocklists.snapshot.native import INDEX_KEY_BYTES, IndexKeyError

FILE = "index-key"
"""In the run folder."""

IndexKey = Callable[[], bytes | None]
"""Where a reader of generations gets the key from, each time that it needs it."""


def no_index_key() -> None:
    """For readers of tables without secret lists: all others are refused."""


def read_index_key(run: Path) -> bytes | None:
    """The key; None if control has written none. IndexKeyError if it is damaged, OSError as from open(2)."""
    path = run / FILE
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(key) != INDEX_KEY_BYTES:
        raise IndexKeyError(f"{path}: it is damaged; restart control, which writes it anew")
    return key
