"""Generations on disk: written whole or not at all, checked before use, the last good one found again.

Layout of the state folder::

    tables-00000042.json      one generation: a SHA-256 line, then JSON
    snapshot-<digest>.weir    compiled lists, shared by the generations that name it
    snapshot-<digest>.delta   single entries changed since then
    urls-<digest>.weir        what the same lists say of pages and by digests
    clients-00000042.weir     clients and policies, edited in place while the generation is in force
    proof-00000042.json       that what it enforces is in the log; replaced when it is changed in place
    log.vkeys                 the keys of the log; from then on a reader takes no generation without a proof (``proving``)
    current                   a symbolic link to the generation in force; where a backup lost it, that is the newest
    staged                    the same for one that the first worker tries out

There is one writer (control). Publishing writes the file, syncs it, and moves the link; a reader that follows the
link sees the old generation or the new one. Everything read back is treated as hostile: a damaged generation is
passed over for the newest one that is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from blocklists.durable import sync_folder
from blocklists.urls.index import UrlIndex, UrlIndexError
from resolver.core.native import CoreError, TablesReader
from resolver.tables.codec import TABLES
from resolver.tables.model import FORMAT_VERSION, Tables
from resolver.tables.names import (
    CURRENT,
    PROOFS,
    STAGED,
    TablesError,
    clients_name,
    current_generation,
    file_name,
    proof_name,
    urls_name,
    withdrawn_name,
)

__all__ = [
    "CURRENT",
    "KEPT_GENERATIONS",
    "STAGED",
    "TablesError",
    "clients_name",
    "collect_garbage",
    "current_generation",
    "decode",
    "encode",
    "file_name",
    "load",
    "promote",
    "proof_name",
    "publish",
    "take_any",
    "unstage",
    "urls_name",
    "withdrawn_name",
    "write_proof",
]

KEPT_GENERATIONS = 5
_DIGEST_LENGTH = 64


def encode(tables: Tables) -> bytes:
    """The generation's file content."""
    body = TABLES.dump_json(tables)
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def decode(data: bytes, *, name: str) -> Tables:
    """Read a generation's file content; TablesError naming the file if it is not whole."""
    digest, _, body = data.partition(b"\n")
    if len(digest) != _DIGEST_LENGTH or hashlib.sha256(body).hexdigest().encode() != digest:
        raise TablesError(f"{name}: the checksum does not match; the file is damaged or cut short")
    try:
        tables = TABLES.validate_json(body)
    except ValidationError as error:
        raise TablesError(f"{name}: {error.error_count()} fields do not fit this version of Weir") from error
    if tables.version != FORMAT_VERSION:
        raise TablesError(f"{name}: format version {tables.version}, this Weir reads {FORMAT_VERSION}")
    return tables


def publish(state: Path, tables: Tables, *, link_name: str = CURRENT, proof: bytes = b"") -> None:
    """Make ``tables`` the generation in force, durably. OSError (disk full, …) leaves the old one in force.

    With ``STAGED`` as the ``link_name``, only the first worker takes it. ``proof`` is its proof, where a log is kept.
    """
    if proof:
        write_proof(state, tables.generation, proof)
    name = file_name(tables.generation)
    temporary = state / f".{name}.tmp"
    try:
        _write(temporary, encode(tables))
        temporary.rename(state / name)
        link = state / f".{link_name}.tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        link.rename(state / link_name)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    # Readers obey it from here on, so nobody may be told that the old one is in force: its file would be edited and
    # nobody would see that. A disk that cannot sync may bring the old one back after a power failure, and no more.
    with contextlib.suppress(OSError):
        sync_folder(state)


def write_proof(state: Path, generation: int, proof: bytes) -> None:
    """Let this be the proof of a generation. OSError leaves the one before."""
    name = proof_name(generation)
    temporary = state / f".{name}.tmp"
    try:
        _write(temporary, proof)
        temporary.rename(state / name)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def promote(state: Path) -> None:
    """Make the staged generation the one in force: one rename. OSError if there is none."""
    (state / STAGED).rename(state / CURRENT)
    with contextlib.suppress(OSError):  # as in ``publish``
        sync_folder(state)


def unstage(state: Path) -> None:
    """Withdraw the staged generation, if there is one: nobody shall ever fall back on it. OSError as from rename(2).

    The last one that was withdrawn stays under another name, so that its number is not used again.
    """
    link = state / STAGED
    target = _target(state, STAGED)
    if target is not None and target != _target(state, CURRENT) and target.exists():
        for older in state.glob(withdrawn_name("*")):
            older.unlink(missing_ok=True)
        target.rename(state / withdrawn_name(target.stem.removeprefix("tables-")))
        (state / target.name.replace("tables-", "proof-", 1)).unlink(missing_ok=True)
    link.unlink(missing_ok=True)


def take_any(_tables: Tables) -> None:
    """What a reader checks of a generation that need not be proven."""


def load(
    state: Path, *, staged: bool = False, check: Callable[[Tables], object] = take_any
) -> tuple[Tables, list[str]]:
    """The generation in force and complaints about damaged ones passed over. TablesError if none is whole.

    ``staged``: the one that is tried out, if there is one. ``check`` raises TablesError for one that is not to be taken.
    """
    complaints: list[str] = []
    for path in _candidates(state, staged=staged):
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
            check(tables)
        except TablesError as error:
            complaints.append(str(error))
            continue
        except (OSError, CoreError, UrlIndexError) as error:
            complaints.append(f"{path.name}: {error}")
            continue
        return tables, complaints
    detail = "; ".join(complaints) or "no generation has been published yet"
    raise TablesError(f"{state}: {detail}")


def open_urls(state: Path, tables: Tables, index_key: bytes | None = None) -> UrlIndex:
    """The index of URLs of a generation. UrlIndexError if it is damaged, OSError as from open(2)."""
    return UrlIndex.open(state / tables.urls, index_key) if tables.urls else UrlIndex()


def _candidates(state: Path, *, staged: bool = False) -> list[Path]:
    """The current generation first, then the others from the newest; one that is only tried out is the last, or, for
    whoever tries it out, the first.
    """
    tried, current = _target(state, STAGED), _target(state, CURRENT)
    files = [
        file for file in sorted(state.glob("tables-*.json"), reverse=True) if file not in (tried, current)
    ]
    order = [tried, current, *files] if staged else [current, *files, tried]
    return [path for path in order if path is not None]


def _target(state: Path, link: str) -> Path | None:
    try:
        return state / (state / link).readlink().name
    except OSError:
        return None


def collect_garbage(state: Path, keep: int = KEPT_GENERATIONS) -> None:
    """Remove generations beyond the newest ``keep``, files that none of the rest names, and stale temporaries.

    A worker that still maps a removed file keeps its mapping; only the name goes.
    """
    candidates = _candidates(state, staged=True)
    kept, dropped = candidates[:keep], candidates[keep:]
    named: set[str] = set()
    for path in kept:
        try:
            tables = decode(path.read_bytes(), name=path.name)
        except (OSError, TablesError):
            continue
        named |= {tables.snapshot, tables.tables, tables.urls, proof_name(tables.generation)}
    for path in dropped:
        path.unlink(missing_ok=True)
    for path in (*state.glob("snapshot-*.weir"), *state.glob("snapshot-*.delta")):
        if path.with_suffix(".weir").name not in named:
            path.unlink(missing_ok=True)
    for path in (*state.glob("clients-*.weir"), *state.glob("urls-*.weir"), *state.glob(PROOFS)):
        if path.name not in named:
            path.unlink(missing_ok=True)
    for path in state.glob(".*.tmp"):
        path.unlink(missing_ok=True)
