"""At the start of control: the vault key is read, and the data plane gets the key that it needs of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from admin.config import Config
from admin.services.index_key import share_index_key, vault_key
from admin.services.place import Place
from blocklists.model import Confidentiality
from blocklists.vault import VaultKey
from resolver.runtime.logs import get_logger

_log = get_logger("weir.vault")


def open_vault(config: Config, environ: Mapping[str, str]) -> VaultKey:
    """The box's key, of which the index key is handed on. VaultKeyError, CredentialError or OSError without one."""
    key = vault_key(config)
    place = Place(config.data_dir)
    held = share_index_key(place.run, key.index_key, environ)
    if any(item.confidentiality is Confidentiality.SECRET for item in config.lists):
        _warn(config, place, held)
    return key


def _warn(config: Config, place: Place, held: Path) -> None:
    """Say what a thief of the disk would learn."""
    if config.admin.vault.key is None:
        _log.warning(
            "the vault key lies beside what it protects: a stolen disk or backup tells which names secret lists have; "
            "set admin.vault.key",
            file=str(place.vault_key),
        )
    elif held.parent == place.run:
        _log.warning(
            "the index key of secret lists lies in the run folder; keep that on tmpfs, or let systemd provide a "
            "folder (RuntimeDirectory=), so that no disk has it",
            file=str(held),
        )
