"""A new vault key for the box: every list's key is wrapped anew, no text is written again.

Repeating it is safe: a key that the new one opens already is left alone. The digests of the compiled lists follow by
themselves, at the next start of control, which compiles with the new index key.

The event is owed before the old key is gone, under a mark made of both keys: whoever ends an interrupted rotation owes it
again, and it is told once.
"""

from __future__ import annotations

from dataclasses import dataclass

from admin.audit.events import Event, EventKind, digest_of
from admin.config import Config
from admin.services.acts import Act
from admin.services.index_key import vault_key
from admin.services.locking import Lock
from admin.services.owed_events import OwedEvents
from admin.services.place import Place
from blocklists.durable import sync_folder
from blocklists.properties import Secret
from blocklists.sealed_texts import SealedTexts
from blocklists.vault import BLOBS, VaultKey, VaultKeyError, own_key, read_key

_MARK = 16
"""Hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """The lists whose keys are wrapped by the new key now, and those whose keys neither key opens."""

    done: tuple[str, ...]
    lost: tuple[str, ...]


def rotate(config: Config, old: Secret | None, act: Act) -> Rotation:
    """Wrap all lists' keys by the configured vault key; ``old`` leads to the one before.

    Without a configured key the box makes itself another, and ``old`` must be None. Control must be stopped:
    LockedError. VaultKeyError, CredentialError or OSError if a key cannot be had; then do it again.
    """
    place = Place(config.data_dir)
    place.create()
    lock = Lock(place.run / "control.lock", what="control")
    try:
        if config.admin.vault.key is None:
            if old is not None:
                raise VaultKeyError("this box has a key of its own (no admin.vault.key); leave --from out")
            return _own(place, act)
        if old is None:
            raise VaultKeyError(
                "where is the key that was used so far? Say --from PATH, or --from credential:NAME"
            )
        before, after = read_key(old), vault_key(config)
        _owe(place, before, after, act)
        return _rewrapped(place, before, after)
    finally:
        lock.release()


def finish_rotation(place: Place, act: Act) -> Rotation | None:
    """End a rotation of the box's own key that was interrupted; None if none was. The caller holds control's lock."""
    return _own(place, act) if place.next_vault_key.exists() else None


def _own(place: Place, act: Act) -> Rotation:
    old, new = own_key(place.vault_key), own_key(place.next_vault_key)
    _owe(place, old, new, act)
    done = _rewrapped(place, old, new)
    place.next_vault_key.rename(place.vault_key)
    sync_folder(place.data_dir)
    return done


def _owe(place: Place, old: VaultKey, new: VaultKey, act: Act) -> None:
    before, after = old.fingerprint, new.fingerprint
    if before != after:
        event = Event(EventKind.VAULT_ROTATED, "vault", before, after, act.reason)
        OwedEvents(place.owed_events).add(event, act.actor, act.at, digest_of([before, after])[:_MARK])


def _rewrapped(place: Place, old: VaultKey, new: VaultKey) -> Rotation:
    done, lost = SealedTexts(place.lists, new.derive(BLOBS)).rewrap(old.derive(BLOBS))
    return Rotation(done, lost)
