"""Where the texts of versions lie. What lives here: the contract, and plain files. What never does: records, rules.

A text is known by its list and its digest. Plain files never hold the text of a secret list: the vault, which fits the
same contract, keeps those encrypted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from blocklists.durable import read_file, state_of, write_file
from blocklists.model import Confidentiality, ListSource
from blocklists.private_files import write_private

_PREFIX = "content-"
_OPENING = "opening-"
_PATTERNS = (f"{_PREFIX}*", f".{_PREFIX}*.tmp", f"{_OPENING}*", f".{_OPENING}*.tmp")


class Texts(Protocol):
    """The texts of all lists."""

    def keeps(self, source: ListSource) -> bool:
        """Whether texts of this list are kept at all."""
        ...

    def write(self, source: ListSource, digest: str, data: bytes) -> None:
        """Keep a text, durably, if the list's confidentiality allows it. OSError leaves what was there before."""
        ...

    def read(self, list_id: str, digest: str) -> bytes | None:
        """The text of a list under this digest; None if it is not kept or not whole."""
        ...

    def holds(self, list_id: str, digest: str) -> bool:
        """Whether ``read`` would give the text; as far as can be told without reading it again."""
        ...

    def is_sealed(self, list_id: str, digest: str) -> bool:
        """Whether the text under this digest was kept while the list was secret."""
        ...

    def write_opening(self, source: ListSource, name: str, opening: bytes) -> None:
        """Keep what opens commitments to a version (``name`` is its digest) or to something else of the list, durably;
        never in plain for a list that is not public. OSError leaves what was there before.
        """
        ...

    def read_opening(self, list_id: str, name: str) -> bytes | None:
        """What ``write_opening`` kept under this name; None if there is none or it does not open."""
        ...

    def keep_only(self, list_id: str, digests: Collection[str]) -> None:
        """Remove every text of a list but these, with what opens the commitments to them. OSError."""
        ...

    def forget_plain(self, list_id: str) -> None:
        """Remove what is kept in plain of a list that is secret now and was not before. OSError."""
        ...

    def erase(self, list_id: str) -> int:
        """Destroy the key and every text of a list, durably; how many texts there were. OSError: do it again."""
        ...

    def is_erased(self, list_id: str) -> bool:
        """Whether neither a key nor a text of the list is left."""
        ...


class FileTexts:
    """One file per text, in the folder of its list."""

    def __init__(self, directory: Path) -> None:
        """``directory`` is the folder of all lists; nothing is created before the first write."""
        self._directory = directory
        self._whole: dict[str, str] = {}
        """By list, the text that was found whole last and the state of its file then."""

    def keeps(self, source: ListSource) -> bool:
        """As ``Texts.keeps``."""
        return source.confidentiality is not Confidentiality.SECRET

    def write(self, source: ListSource, digest: str, data: bytes) -> None:
        """As ``Texts.write``; the text of a secret list is not kept."""
        if not self.keeps(source):
            return
        folder = self._directory / source.id
        folder.mkdir(parents=True, exist_ok=True)
        write_file(self._path(source.id, digest), data)

    def read(self, list_id: str, digest: str) -> bytes | None:
        """As ``Texts.read``; whole is what has this SHA-256."""
        try:
            data = read_file(self._path(list_id, digest))
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def holds(self, list_id: str, digest: str) -> bool:
        """As ``Texts.holds``; a text is read again only if its file has changed since it was found whole."""
        try:
            state = f"{digest} {state_of(self._path(list_id, digest).stat())}"
        except OSError:
            return False
        if self._whole.get(list_id) != state:
            if self.read(list_id, digest) is None:
                return False
            self._whole[list_id] = state
        return True

    def is_sealed(self, list_id: str, digest: str) -> bool:
        """As ``Texts.is_sealed``: nothing of a secret list is here."""
        return False

    def write_opening(self, source: ListSource, name: str, opening: bytes) -> None:
        """As ``Texts.write_opening``; of a list that is not public nothing is kept, so nobody can open its commitments."""
        if source.confidentiality is Confidentiality.PUBLIC:
            (self._directory / source.id).mkdir(parents=True, exist_ok=True)
            write_private(self._opening(source.id, name), opening)

    def read_opening(self, list_id: str, name: str) -> bytes | None:
        """As ``Texts.read_opening``."""
        try:
            return read_file(self._opening(list_id, name))
        except OSError:
            return None

    def keep_only(self, list_id: str, digests: Collection[str]) -> None:
        """As ``Texts.keep_only``; what an interrupted write left behind goes as well."""
        kept = {f"{prefix}{digest}" for digest in digests for prefix in (_PREFIX, _OPENING)}
        folder = self._directory / list_id
        for pattern in (*_PATTERNS, "held-*"):  # held-*: as an older Weir named them
            for path in list(folder.glob(pattern)):
                if path.name not in kept:
                    path.unlink(missing_ok=True)

    def forget_plain(self, list_id: str) -> None:
        """As ``Texts.forget_plain``."""
        self.keep_only(list_id, ())

    def _path(self, list_id: str, digest: str) -> Path:
        return self._directory / list_id / f"{_PREFIX}{digest}"

    def _opening(self, list_id: str, name: str) -> Path:
        return self._directory / list_id / f"{_OPENING}{name}"

    def erase(self, list_id: str) -> int:
        """As ``Texts.erase``; here there is no key."""
        before = len(self._texts(list_id))
        self.keep_only(list_id, ())
        return before

    def is_erased(self, list_id: str) -> bool:
        """As ``Texts.is_erased``."""
        return not self._texts(list_id)

    def _texts(self, list_id: str) -> list[Path]:
        return list((self._directory / list_id).glob(f"{_PREFIX}*"))
