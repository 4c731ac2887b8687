"""At the start of control: the vault key is read, and the data plane gets the key that it needs of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from admin.config import Config
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from admin.services.index_key import share_index_key, vault_key
from admin.services.place import Place
from admin.services.vault_rotation import finish_rotation
from blocklists.list_keys import FILE
from blocklists.model import Confidentiality
from blocklists.sealed_texts import SealedTexts
from blocklists.vault import BLOBS, VaultKey
from resolver.runtime.locked_memory import LockedMemoryError, lock_memory
from resolver.runtime.logs import get_logger

_BY_START = Actor.of_the_box(ActorKind.SUPERVISOR, "control")
_log = get_logger("weir.vault")


def open_vault(config: Config, environ: Mapping[str, str], now: float) -> VaultKey:
    """The box's key, of which the index key is handed on. VaultKeyError, CredentialError or OSError without one.

    ``now``: Unix seconds.
    """
    place = Place(config.data_dir)
    if config.admin.vault.key is None:
        finish_rotation(place, Act(_BY_START, now, "A rotation that was interrupted was ended."))
    key = vault_key(config)
    held = share_index_key(place.run, key.index_key, environ)
    if _has_secrets(config):
        _warn(config, place, held)
    for list_id in SealedTexts(place.lists, key.derive(BLOBS)).locked():
        _log.error(
            "the kept versions of this list cannot be opened: another vault key sealed them. If that key is at hand, stop "
            "control and run `weir vault rotate --from`; the next sync seals anew",
            list=list_id,
        )
    return key


def protect_memory(config: Config) -> None:
    """Before texts of secret lists come into this process: keep its memory out of swap, or say that it is not."""
    if _has_secrets(config):
        _lock_once()


def tell_of_strays(config: Config) -> None:
    """Say which lists are configured no more though sealed versions of them are kept: a licence may forbid that."""
    place = Place(config.data_dir)
    configured = {item.id for item in config.lists}
    for list_id in {path.parent.name for path in place.lists.glob(f"*/{FILE}")} - configured:
        _log.warning(
            "this list is not configured any more, and sealed versions of it are still kept; configure it again and run "
            "`weir lists erase`, or remove the folder",
            folder=str(place.lists / list_id),
        )


@cache
def _lock_once() -> None:
    try:
        lock_memory()
    except LockedMemoryError as error:
        _log.warning("texts of secret lists may reach a swap partition", problem=str(error))


def _has_secrets(config: Config) -> bool:
    return any(item.confidentiality is Confidentiality.SECRET for item in config.lists)


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
