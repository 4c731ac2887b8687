"""Generations on disk: written whole or not at all, checked before use, the last good one found again.

Layout of the state folder::

    tables-00000042.json      one generation: a SHA-256 line, then JSON
    snapshot-<digest>.weir    compiled lists, shared by the generations that name it
    snapshot-<digest>.delta   single entries changed since then
    urls-<digest>.weir        what the same lists say of pages and by digests
    clients-00000042.weir     clients and policies, edited in place while the generation is in force
    current                   a symbolic link to the generation in force

There is one writer (control). Publishing writes the file, syncs it, and moves the link; a reader that follows the
link sees the old generation or the new one. Everything read back is treated as hostile: a damaged generation is
passed over for the newest one that is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from blocklists.durable import sync_folder
from blocklists.urls.index import UrlIndex, UrlIndexError
from resolver.core.native import CoreError, TablesReader
from resolver.tables.model import FORMAT_VERSION, Tables
from resolver.tables.names import (
    CURRENT,
    TablesError,
    clients_name,
    current_generation,
    file_name,
    urls_name,
)

__all__ = [
    "CURRENT",
    "KEPT_GENERATIONS",
    "TablesError",
    "clients_name",
    "collect_garbage",
    "current_generation",
    "decode",
    "encode",
    "file_name",
    "load",
    "publish",
    "urls_name",
]

KEPT_GENERATIONS = 5
_DIGEST_LENGTH = 64

_codec: TypeAdapter[Tables] = TypeAdapter(Tables)


def encode(tables: Tables) -> bytes:
    """The generation's file content."""
    body = _codec.dump_json(tables)
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def decode(data: bytes, *, name: str) -> Tables:
    """Read a generation's file content; TablesError naming the file if it is not whole."""
    digest, _, body = data.partition(b"\n")
    if len(digest) != _DIGEST_LENGTH or hashlib.sha256(body).hexdigest().encode() != digest:
        raise TablesError(f"{name}: the checksum does not match; the file is damaged or cut short")
    try:
        tables = _codec.validate_json(body)
    except ValidationError as error:
        raise TablesError(f"{name}: {error.error_count()} fields do not fit this version of Weir") from error
    if tables.version != FORMAT_VERSION:
        raise TablesError(f"{name}: format version {tables.version}, this Weir reads {FORMAT_VERSION}")
    return tables


def publish(state: Path, tables: Tables) -> None:
    """Make ``tables`` the generation in force, durably. OSError (disk full, …) leaves the old one in force."""
    name = file_name(tables.generation)
    temporary = state / f".{name}.tmp"
    try:
        with temporary.open("wb") as file:
            file.write(encode(tables))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(state / name)
        link = state / f".{CURRENT}.tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        link.rename(state / CURRENT)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    # Readers obey it from here on, so nobody may be told that the old one is in force: its file would be edited and
    # nobody would see that. A disk that cannot sync may bring the old one back after a power failure, and no more.
    with contextlib.suppress(OSError):
        sync_folder(state)


def load(state: Path) -> tuple[Tables, list[str]]:
    """The generation in force and complaints about damaged ones passed over. TablesError if none is whole."""
    complaints: list[str] = []
    for path in _candidates(state):
        try:
            tables = decode(path.read_bytes(), name=path.name)
        except (OSError, TablesError) as error:
            complaints.append(str(error))
            continue
        if not (state / tables.snapshot).is_file():
            complaints.append(f"{path.name}: its snapshot {tables.snapshot} is missing")
            continue
        try:
            # Every byte: a flipped bit may give a child another's policy, or let a page go.
            TablesReader.open(state / tables.tables)
            open_urls(state, tables)
        except (OSError, CoreError, UrlIndexError) as error:
            complaints.append(f"{path.name}: {error}")
            continue
        return tables, complaints
    detail = "; ".join(complaints) or "no generation has been published yet"
    raise TablesError(f"{state}: {detail}")


def open_urls(state: Path, tables: Tables, index_key: bytes | None = None) -> UrlIndex:
    """The index of URLs of a generation. UrlIndexError if it is damaged, OSError as from open(2)."""
    return UrlIndex.open(state / tables.urls, index_key) if tables.urls else UrlIndex()


def _candidates(state: Path) -> list[Path]:
    """The current generation first, then the others from the newest."""
    files = sorted(state.glob("tables-*.json"), reverse=True)
    try:
        current = state / (state / CURRENT).readlink().name
    except OSError:
        return files
    return [current, *(file for file in files if file != current)]


def collect_garbage(state: Path, keep: int = KEPT_GENERATIONS) -> None:
    """Remove generations beyond the newest ``keep``, files that none of the rest names, and stale temporaries.

    A worker that still maps a removed file keeps its mapping; only the name goes.
    """
    kept, dropped = _candidates(state)[:keep], _candidates(state)[keep:]
    named: set[str] = set()
    for path in kept:
        try:
            tables = decode(path.read_bytes(), name=path.name)
        except (OSError, TablesError):
            continue
        named |= {tables.snapshot, tables.tables, tables.urls}
    for path in dropped:
        path.unlink(missing_ok=True)
    for path in (*state.glob("snapshot-*.weir"), *state.glob("snapshot-*.delta")):
        if path.with_suffix(".weir").name not in named:
            path.unlink(missing_ok=True)
    for path in (*state.glob("clients-*.weir"), *state.glob("urls-*.weir")):
        if path.name not in named:
            path.unlink(missing_ok=True)
    for path in state.glob(".*.tmp"):
        path.unlink(missing_ok=True)
