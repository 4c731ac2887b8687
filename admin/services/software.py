"""Which Weir runs: its version, and a digest of its files by which an auditor can tell it from another."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

from admin.services.certificate import Software

ROOMS = ("admin", "blocklists", "gateway", "resolver")
_CODE = {".py", ".so", ".html", ".css", ".po", ".yaml"}
"""What decides how it behaves; caches and sources of C do not."""


@cache
def software(root: Path = Path(__file__).parents[2]) -> Software:
    """The version, and the SHA-256 over names and contents of all files of the rooms below ``root``, in order."""
    digest = hashlib.sha256()
    files = sorted(
        path for room in ROOMS for path in (root / room).rglob("*") if path.suffix in _CODE and path.is_file()
    )
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return Software(metadata.version("weir"), digest.hexdigest())
