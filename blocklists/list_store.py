"""The accepted versions on disk, and what is known about the attempts to update them.

One folder per list::

    serving.json        digest, counts and validators of the version that serves
    attempt.json        the last attempt, a held version's numbers
    content-<digest>    the text that serves
    held-<digest>       the text of a refused version
    edits               single entries that an operator added or removed (``journal``)

Beside the folders: ``.key``, under which the digests of secret lists are made.

The text is written before the record that names it and removed after the record that no longer does, so a crash at
any moment leaves a usable list. The text of a secret list is never written. There is one writer: the control process.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from blocklists.durable import read_file, read_record, state_of, write_file, write_record
from blocklists.edits import Edit, check_editable
from blocklists.gates import SHORTEST_DIGEST, GateFailure
from blocklists.journal import Journal, append_edits, read_journal, tidy_journal
from blocklists.keyed import keyed_digest, stored_key
from blocklists.model import Confidentiality, ListCounts, ListSource, ListVersion
from blocklists.records import Attempt, Held, ListStatus, Serving

_SERVING = TypeAdapter(Serving)
_ATTEMPT = TypeAdapter(Attempt)
_EDITS = "edits"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


class ReleaseError(ValueError):
    """There is no held version with this digest; the message says which one is held."""


class ListStore:
    """The folder of all lists. Every method that writes may raise OSError and then leaves what was there before."""

    def __init__(self, directory: Path) -> None:
        """Nothing is created before the first write."""
        self._directory = directory
        self._whole: dict[str, str] = {}
        """By list, the text that was found whole and the state of its file then."""

    def identified(self, source: ListSource, version: ListVersion) -> ListVersion:
        """The version under the digest by which it is known here: for a secret list a keyed one. OSError without a key."""
        if source.confidentiality is not Confidentiality.SECRET:
            return version
        key = stored_key(self._directory / ".key")
        return replace(version, digest=keyed_digest(key, version.data))

    def serving(self, list_id: str) -> Serving | None:
        """What is known of the version that serves; None if there is none or its record is damaged."""
        return read_record(self._folder(list_id) / "serving.json", _SERVING)

    def attempt(self, list_id: str) -> Attempt:
        """The last attempt; an empty one if there was none or its record is damaged."""
        return read_record(self._folder(list_id) / "attempt.json", _ATTEMPT) or Attempt()

    def serving_for(self, source: ListSource) -> Serving | None:
        """The same, if the version came from this very source."""
        serving = self.serving(source.id)
        return serving if serving is not None and serving.origin == origin(source) else None

    def is_known(self, list_id: str) -> bool:
        """Whether a version of some source has served under this id, be its record readable or not."""
        return (self._folder(list_id) / "serving.json").exists()

    def load_for(self, source: ListSource) -> ListVersion | None:
        """The version that serves, if it came from this very source and its text is kept and whole."""
        return self.load(source.id) if self.serving_for(source) is not None else None

    def load(self, list_id: str) -> ListVersion | None:
        """The version that serves; None if there is none, its text is not kept, or either is damaged."""
        serving = self.serving(list_id)
        if serving is None:
            return None
        data = _read_checked(self._folder(list_id) / f"content-{serving.digest}", serving.digest)
        if data is None:
            return None
        return ListVersion(
            list_id, data, serving.digest, serving.fetched, serving.etag, serving.last_modified
        )

    def holds_text(self, list_id: str, serving: Serving) -> bool:
        """Whether the text of this version is kept and whole; it is read again only if its file has changed since."""
        content = self._folder(list_id) / f"content-{serving.digest}"
        try:
            state = f"{serving.digest} {state_of(content.stat())}"
        except OSError:
            return False
        if self._whole.get(list_id) != state:
            if _read_checked(content, serving.digest) is None:
                return False
            self._whole[list_id] = state
        return True

    def renew(self, source: ListSource, serving: Serving, version: ListVersion) -> None:
        """The source has sent the version that serves again: keep the validators that came with it."""
        renewed = replace(
            serving,
            fetched=version.fetched,
            etag=version.etag,
            last_modified=version.last_modified,
            proof=version.proof,
        )
        write_record(self._made(source.id) / "serving.json", _SERVING, renewed)

    def accept(self, source: ListSource, version: ListVersion, counts: ListCounts) -> None:
        """Make ``version`` the one that serves."""
        folder = self._made(source.id)
        content = folder / f"content-{version.digest}"
        if source.confidentiality is not Confidentiality.SECRET:
            write_file(content, version.data)
        serving = Serving(
            digest=version.digest,
            size=len(version.data),
            fetched=version.fetched,
            counts=counts,
            etag=version.etag,
            last_modified=version.last_modified,
            origin=origin(source),
            proof=version.proof,
        )
        write_record(folder / "serving.json", _SERVING, serving)
        _remove(path for path in folder.glob("content-*") if path != content)

    def hold(
        self, source: ListSource, version: ListVersion, counts: ListCounts, failures: tuple[GateFailure, ...]
    ) -> Held:
        """Keep a refused version aside; the caller notes it in the attempt."""
        folder = self._made(source.id)
        content = folder / f"held-{version.digest}"
        if source.confidentiality is not Confidentiality.SECRET:
            write_file(content, version.data)
        _remove(path for path in folder.glob("held-*") if path != content)
        return Held(version.digest, version.fetched, counts, failures, origin(source), version.proof)

    def note(self, list_id: str, attempt: Attempt) -> None:
        """Remember an attempt; the text of a held version goes when the attempt no longer names it."""
        folder = self._made(list_id)
        write_record(folder / "attempt.json", _ATTEMPT, attempt)
        if attempt.held is None:
            _remove(folder.glob("held-*"))

    def accept_held(self, list_id: str, digest: str) -> bool:
        """Release exactly this held version, once. At least 12 hexadecimal digits of its digest are enough.

        True if it serves now; False if its text is not kept here and the next refresh accepts it, provided that the
        source still has it. ReleaseError if no version with this digest is held.
        """
        attempt = self.attempt(list_id)
        held = attempt.held
        if held is None or len(digest) < SHORTEST_DIGEST or not held.digest.startswith(digest.lower()):
            which = f"the held version is {held.digest}" if held else "no version is held"
            raise ReleaseError(f"list {list_id}: nothing to release under this digest; {which}")
        digest, folder = held.digest, self._folder(list_id)
        data = _read_checked(folder / f"held-{digest}", digest)
        if data is None:
            self.note(list_id, replace(attempt, released=digest))
            return False
        write_file(folder / f"content-{digest}", data)
        serving = Serving(digest, len(data), held.fetched, held.counts, origin=held.origin, proof=held.proof)
        write_record(folder / "serving.json", _SERVING, serving)
        _remove(path for path in folder.glob("content-*") if path.name != f"content-{digest}")
        self.note(list_id, replace(attempt, held=None, released=""))
        return True

    def forget_text(self, list_id: str) -> None:
        """Remove every text of a list that is secret now and was not before, its edits included."""
        patterns = ("content-*", "held-*", _EDITS)
        _remove(path for pattern in patterns for path in self._folder(list_id).glob(pattern))

    def edits(self, list_id: str) -> Journal:
        """The edits of a list, and whether their file is damaged."""
        return read_journal(self._folder(list_id) / _EDITS)

    def edit(self, source: ListSource, edits: Sequence[Edit]) -> None:
        """Keep edits, durably, all or none. EditError if the list takes none."""
        check_editable(source)
        append_edits(self._made(source.id) / _EDITS, edits)

    def tidy_edits(self, list_id: str) -> None:
        """Drop what later edits have superseded, if it is much."""
        tidy_journal(self._folder(list_id) / _EDITS)

    def status(self, list_id: str, *, now: float) -> ListStatus:
        """The list as people and metrics see it; ``now`` is Unix seconds."""
        serving, attempt = self.serving(list_id), self.attempt(list_id)
        known = ListStatus(list_id, attempt.state, attempt.message)
        if serving is not None:
            known = replace(
                known,
                serving_digest=serving.digest,
                entries=serving.counts.entries,
                counts=serving.counts,
                fetched=serving.fetched,
            )
        return replace(
            known,
            last_attempt=attempt.at,
            last_success=attempt.success,
            age=None if attempt.success is None else max(0.0, now - attempt.success),
            held=attempt.held,
        )

    def _folder(self, list_id: str) -> Path:
        if not _ID.fullmatch(list_id):
            raise ValueError("a list's id has letters, digits, dot, hyphen and underscore only")
        return self._directory / list_id

    def _made(self, list_id: str) -> Path:
        folder = self._folder(list_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def origin(source: ListSource) -> str:
    """What makes two sources the same: address and format, as a digest, because an address may carry a key."""
    return hashlib.sha256(f"{source.format}\n{source.url}".encode()).hexdigest()


def _read_checked(path: Path, digest: str) -> bytes | None:
    try:
        data = read_file(path)
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == digest else None


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        path.unlink(missing_ok=True)
