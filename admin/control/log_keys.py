"""The keys of the log as the data plane is told of them: one file in the state folder, by which workers verify proofs.

It appears once the generation in force has its first proof, so a box that was upgraded serves on without a gap. When the keys
change, the new ones are added before anything is proven by them, and the old ones go once it is. Deleted, it is written again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from blocklists.durable import sync_folder
from resolver.tables.names import KEYS_FILE, PROOFS
from resolver.tlog.notes import VerifierKey


def pin(state: Path, keys: Iterable[VerifierKey], *, is_proven: bool) -> None:
    """Let the data plane know these keys. OSError leaves those that it knows.

    ``is_proven``: what is in force is proven by them, so they are the only ones from now on. Else they are added, where
    there is a file already.
    """
    path = state / KEYS_FILE
    known = _read(path)
    wanted = [key.text for key in keys]
    if not is_proven:
        if known is None:
            return
        wanted = list(dict.fromkeys([*known, *wanted]))
    if wanted and wanted != known:
        _write(path, "".join(f"{text}\n" for text in wanted))


def put_back(state: Path, known: Path) -> bool:
    """Write the keys again if they are gone and proofs lie there; ``known`` is the file in which they stand for everybody.

    Whether that was done. OSError: they are gone still.
    """
    if (state / KEYS_FILE).exists() or next(state.glob(PROOFS), None) is None:
        return False
    wanted = _read(known)
    if wanted:
        _write(state / KEYS_FILE, "".join(f"{text}\n" for text in wanted))
    return bool(wanted)


def _read(path: Path) -> list[str] | None:
    try:
        return path.read_text(encoding="ascii").split()
    except FileNotFoundError:
        return None
    except ValueError:
        return []  # damaged: written anew


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    with contextlib.suppress(OSError):  # readers have it; a power failure may bring the keys of before back
        sync_folder(path.parent)
