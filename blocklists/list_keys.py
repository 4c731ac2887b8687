"""The key of each secret list, wrapped by the box's. What lives here: making, finding, rewrapping, destroying it.

Every secret list has a random key of its own in a file of 61 bytes beside its sealed texts, encrypted (AES-256-GCM) under
a key that is derived from the vault key. Whoever destroys that file has erased every text of the list, wherever copies
of the texts lie. No key is kept in memory between two uses.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from blocklists.durable import sync_folder
from blocklists.sealing import KEY_BYTES

FILE = "key"

_FORMAT = b"\x01"
_NONCE = 12
_FILE_BYTES = len(_FORMAT) + _NONCE + KEY_BYTES + 16

Randomness = Callable[[int], bytes]
"""So many unpredictable bytes."""


class ListKeys:
    """The keys of all lists. OSError of any method leaves what was there before."""

    def __init__(self, directory: Path, wrapping: bytes, randomness: Randomness) -> None:
        """``directory`` is the folder of all lists; ``wrapping`` (32 bytes) is derived from the vault key."""
        self._directory, self._wrapping, self._randomness = directory, wrapping, randomness

    def find(self, list_id: str) -> bytes | None:
        """The list's key; None if it has none that this box's vault key opens."""
        return _unwrapped(self._read(list_id), self._wrapping, list_id)

    def exists(self, list_id: str) -> bool:
        """Whether there is a key, be it one that cannot be opened."""
        return self._path(list_id).exists()

    def made(self, list_id: str) -> bytes:
        """The list's key, made if there is none. One that cannot be opened gives way: what it sealed is lost already."""
        if (known := self.find(list_id)) is not None:
            return known
        key = self._randomness(KEY_BYTES)
        self._put(list_id, key)
        return key

    def rewrap(self, list_id: str, old: bytes) -> bool:
        """Wrap a key by this vault key that was wrapped by ``old``; False if neither opens it. Doing it twice is once."""
        wrapped = self._read(list_id)
        if _unwrapped(wrapped, self._wrapping, list_id) is not None:
            return True
        if (key := _unwrapped(wrapped, old, list_id)) is None:
            return False
        self._put(list_id, key)
        return True

    def destroy(self, list_id: str) -> None:
        """Overwrite the key where it lies, and remove it; no key is left if this process ends in between."""
        path = self._path(list_id)
        for leftover in (path, path.with_name(f".{FILE}.tmp")):
            with contextlib.suppress(FileNotFoundError):
                _overwrite(leftover, self._randomness(_FILE_BYTES))
                leftover.unlink()
        if path.parent.is_dir():
            sync_folder(path.parent)

    def _put(self, list_id: str, key: bytes) -> None:
        path, nonce = self._path(list_id), self._randomness(_NONCE)
        wrapped = _FORMAT + nonce + AESGCM(self._wrapping).encrypt(nonce, key, _owner(list_id))
        temporary = path.with_name(f".{FILE}.tmp")
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(wrapped)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
            sync_folder(path.parent)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _read(self, list_id: str) -> bytes:
        try:
            return self._path(list_id).read_bytes()
        except FileNotFoundError:
            return b""

    def _path(self, list_id: str) -> Path:
        return self._directory / list_id / FILE


def _unwrapped(wrapped: bytes, wrapping: bytes, list_id: str) -> bytes | None:
    if len(wrapped) != _FILE_BYTES or not wrapped.startswith(_FORMAT):
        return None
    nonce, sealed = wrapped[1 : 1 + _NONCE], wrapped[1 + _NONCE :]
    try:
        return AESGCM(wrapping).decrypt(nonce, sealed, _owner(list_id))
    except InvalidTag:
        return None


def _owner(list_id: str) -> bytes:
    return b"weir list key 1\0" + list_id.encode()


def _overwrite(path: Path, noise: bytes) -> None:
    with path.open("r+b", buffering=0) as file:
        file.write(noise)
        os.fsync(file.fileno())
