"""The texts of secret lists at rest, sealed; those of other lists in plain beside them. So are the openings of the
commitments to lists that are not public.

What lives here: which file holds what, and the erasure of a list. What never does: the format of a sealed file
(``sealing``), keys (``list_keys``), records. A text is written sealed from its first byte on: no temporary file has any
of it in plain.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path

from blocklists.durable import sync_folder
from blocklists.list_keys import FILE, ListKeys, Randomness
from blocklists.model import Confidentiality, ListSource
from blocklists.sealing import SALT_BYTES, SealError, opens, seal, unseal
from blocklists.texts import FileTexts

_PREFIX = "sealed-"
_OPENING = "secret-opening-"


class SealedTexts:
    """Fits ``texts.Texts``; one writer."""

    def __init__(
        self, directory: Path, wrapping: bytes, randomness: Randomness = secrets.token_bytes
    ) -> None:
        """``directory`` is the folder of all lists; ``wrapping`` the key of purpose ``vault.BLOBS``."""
        self._directory, self._randomness = directory, randomness
        self._plain = FileTexts(directory)
        self._keys = ListKeys(directory, wrapping, randomness)

    def keeps(self, source: ListSource) -> bool:
        """As ``Texts.keeps``."""
        return True

    def write(self, source: ListSource, digest: str, data: bytes) -> None:
        """As ``Texts.write``."""
        if source.confidentiality is not Confidentiality.SECRET:
            self._plain.write(source, digest, data)
        else:
            self._seal(source.id, self._path(source.id, digest), _owner(source.id, digest), data)

    def write_opening(self, source: ListSource, name: str, opening: bytes) -> None:
        """As ``Texts.write_opening``; of restricted lists too these are sealed, so that erasing destroys them all."""
        if source.confidentiality is Confidentiality.PUBLIC:
            self._plain.write_opening(source, name, opening)
        else:
            self._seal(source.id, self._opening(source.id, name), _opens(source.id, name), opening)

    def read_opening(self, list_id: str, name: str) -> bytes | None:
        """As ``Texts.read_opening``."""
        sealed = self._unsealed(list_id, self._opening(list_id, name), _opens(list_id, name))
        return self._plain.read_opening(list_id, name) if sealed is None else sealed

    def read(self, list_id: str, digest: str) -> bytes | None:
        """As ``Texts.read``."""
        sealed = self._unsealed(list_id, self._path(list_id, digest), _owner(list_id, digest))
        return self._plain.read(list_id, digest) if sealed is None else sealed

    def holds(self, list_id: str, digest: str) -> bool:
        """As ``Texts.holds``; of a sealed text the beginning is opened."""
        with contextlib.suppress(OSError):
            if (key := self._keys.find(list_id)) is not None:
                with self._path(list_id, digest).open("rb") as file:
                    return opens(key, _owner(list_id, digest), file)
        return self._plain.holds(list_id, digest)

    def is_sealed(self, list_id: str, digest: str) -> bool:
        """As ``Texts.is_sealed``."""
        return self._path(list_id, digest).exists()

    def keep_only(self, list_id: str, digests: Collection[str]) -> None:
        """As ``Texts.keep_only``."""
        self._plain.keep_only(list_id, digests)
        kept = {path(list_id, digest) for digest in digests for path in (self._path, self._opening)}
        for path in list(self._sealed(list_id)):
            if path not in kept:
                path.unlink(missing_ok=True)

    def forget_plain(self, list_id: str) -> None:
        """As ``Texts.forget_plain``."""
        self._plain.forget_plain(list_id)

    def erase(self, list_id: str) -> int:
        """As ``Texts.erase``: the key first, so that from then on no copy of a text opens."""
        before = sum(1 for path in self._sealed(list_id) if path.name.startswith(_PREFIX))
        self._keys.destroy(list_id)
        self.keep_only(list_id, ())
        if (folder := self._directory / list_id).is_dir():
            sync_folder(folder)
        return before

    def is_erased(self, list_id: str) -> bool:
        """As ``Texts.is_erased``."""
        return not self._keys.exists(list_id) and not any(self._sealed(list_id))

    def known(self) -> tuple[str, ...]:
        """The lists that have a key here, configured or not."""
        return tuple(sorted(path.parent.name for path in self._directory.glob(f"*/{FILE}")))

    def locked(self) -> tuple[str, ...]:
        """The lists that have a key which this box's vault key does not open: what they sealed cannot be read."""
        return tuple(list_id for list_id in self.known() if self._keys.find(list_id) is None)

    def rewrap(self, old: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Wrap the keys of all lists by this vault key instead of ``old``; the lists done, and those that neither opens."""
        done = {list_id: self._keys.rewrap(list_id, old) for list_id in self.known()}
        return tuple(one for one in done if done[one]), tuple(one for one in done if not done[one])

    def _sealed(self, list_id: str) -> Iterator[Path]:
        """The sealed texts and openings, and what interrupted writes of some left behind."""
        folder = self._directory / list_id
        for prefix in (_PREFIX, _OPENING):
            yield from folder.glob(f"{prefix}*")
            yield from folder.glob(f".{prefix}*.tmp")

    def _seal(self, list_id: str, path: Path, owner: bytes, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        key, temporary = self._keys.made(list_id), path.with_name(f".{path.name}.tmp")
        try:
            with temporary.open("wb") as file:
                seal(key, owner, data, file, self._randomness(SALT_BYTES))
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
            sync_folder(path.parent)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _unsealed(self, list_id: str, path: Path, owner: bytes) -> bytes | None:
        """What is sealed in a file; None if there is none, or it does not open."""
        with contextlib.suppress(OSError, SealError):
            if (key := self._keys.find(list_id)) is not None:
                with path.open("rb") as file:
                    return unseal(key, owner, file)
        return None

    def _path(self, list_id: str, digest: str) -> Path:
        return self._directory / list_id / f"{_PREFIX}{digest}"

    def _opening(self, list_id: str, name: str) -> Path:
        return self._directory / list_id / f"{_OPENING}{name}"


def _owner(list_id: str, digest: str) -> bytes:
    """Whose text this is and which: authenticated with it."""
    return f"{list_id}\0{digest}".encode()


def _opens(list_id: str, name: str) -> bytes:
    """The same of an opening, which can never pass for a text."""
    return f"{list_id}\0opening\0{name}".encode()
