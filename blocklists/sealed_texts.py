"""The texts of secret lists at rest, sealed; those of other lists in plain beside them.

What lives here: which file holds which text, and the erasure of a list. What never does: the format of a sealed file
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
            return
        folder = self._directory / source.id
        folder.mkdir(parents=True, exist_ok=True)
        key, path = self._keys.made(source.id), folder / f"{_PREFIX}{digest}"
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            with temporary.open("wb") as file:
                seal(key, _owner(source.id, digest), data, file, self._randomness(SALT_BYTES))
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
            sync_folder(folder)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def read(self, list_id: str, digest: str) -> bytes | None:
        """As ``Texts.read``."""
        with contextlib.suppress(OSError, SealError):
            if (key := self._keys.find(list_id)) is not None:
                with self._path(list_id, digest).open("rb") as file:
                    return unseal(key, _owner(list_id, digest), file)
        return self._plain.read(list_id, digest)

    def holds(self, list_id: str, digest: str) -> bool:
        """As ``Texts.holds``; of a sealed text the beginning is opened."""
        with contextlib.suppress(OSError):
            if (key := self._keys.find(list_id)) is not None:
                with self._path(list_id, digest).open("rb") as file:
                    return opens(key, _owner(list_id, digest), file)
        return self._plain.holds(list_id, digest)

    def keep_only(self, list_id: str, digests: Collection[str]) -> None:
        """As ``Texts.keep_only``."""
        self._plain.keep_only(list_id, digests)
        kept = {self._path(list_id, digest) for digest in digests}
        for path in list(self._sealed(list_id)):
            if path not in kept:
                path.unlink(missing_ok=True)

    def forget_plain(self, list_id: str) -> None:
        """As ``Texts.forget_plain``."""
        self._plain.forget_plain(list_id)

    def erase(self, list_id: str) -> int:
        """As ``Texts.erase``: the key first, so that from then on no copy of a text opens."""
        before = sum(1 for path in self._sealed(list_id) if not path.name.startswith("."))
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
        """The sealed texts, and what interrupted writes of some left behind."""
        folder = self._directory / list_id
        for pattern in (f"{_PREFIX}*", f".{_PREFIX}*.tmp"):
            yield from folder.glob(pattern)

    def _path(self, list_id: str, digest: str) -> Path:
        return self._directory / list_id / f"{_PREFIX}{digest}"


def _owner(list_id: str, digest: str) -> bytes:
    """Whose text this is and which: authenticated with it."""
    return f"{list_id}\0{digest}".encode()
