"""The box's vault key, and how the key that is derived for compiled lists reaches the data plane.

Control alone reads the vault key. The processes that serve get the index key in the run folder, and nothing else of it:
whoever takes one of them over can test names, which anybody can who may ask this box for them, and read no list.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from admin.config import Config
from admin.services.place import Place
from blocklists.vault import VaultKey, own_key, read_key
from resolver.tables.index_key import FILE

_MODE = 0o640
"""Control writes it; the data plane reads it by its group."""


def vault_key(config: Config) -> VaultKey:
    """The configured key, or without one the box's own beside its data, made if need be.

    VaultKeyError, CredentialError or OSError if it cannot be had.
    """
    configured = config.admin.vault.key
    return own_key(Place(config.data_dir).vault_key) if configured is None else read_key(configured)


def share_index_key(run: Path, key: bytes, environ: Mapping[str, str]) -> Path:
    """Put the key where the data plane reads it, whole or not at all; the path of the file that holds it.

    Under systemd that is in the unit's own folder on tmpfs (RUNTIME_DIRECTORY, systemd.exec(5)), to which the run
    folder gets a link. OSError as from open(2).
    """
    folders = environ.get("RUNTIME_DIRECTORY", "")
    if not folders:
        _write(run / FILE, key)
        return run / FILE
    held = Path(folders.split(":")[0]) / FILE
    _write(held, key)
    link = run / f".{FILE}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(held)
    link.rename(run / FILE)
    return held


def _write(path: Path, key: bytes) -> None:
    with contextlib.suppress(OSError):
        if not path.is_symlink() and path.read_bytes() == key:
            return  # a start on a full disk needs no room
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, _MODE)
            file.write(key)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
