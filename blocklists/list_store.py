"""The accepted versions on disk, and what is known about the attempts to update them.

One folder per list::

    versions.json       the accepted versions that are kept, newest first: digests, counts, validators
    attempt.json        the last attempt, a held version's numbers
    life.json           what people decided: suspended, rolled back, approved
    content-<digest>    the texts of kept versions and of the one that is held (``texts``)
    sealed-<digest>     the same of a secret list, encrypted under the wrapped key in ``key`` (``sealed_texts``)
    ledger              since when entries are listed, as keyed digests; never for a secret list
    edits               single entries that an operator added or removed (``journal``)
    digests.json        what the public log says of the kept versions; ``opening-…``: what opens that

Beside the folders, only where no key is given: ``.key``, under which the digests of secret lists are made.

The text is written before the record that names it and removed after the record that no longer does, so a crash at
any moment leaves a usable list. Each record is one file, so every decision is one write: it holds or it does not. The
text of a secret list is never written in plain. There is one writer: the control process.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from blocklists.coverage import NOTHING_COVERED
from blocklists.durable import read_record, sync_folder, write_record
from blocklists.edits import Edit, check_editable
from blocklists.gates import SHORTEST_DIGEST, GateFailure
from blocklists.journal import Journal, append_edits, read_journal, tidy_journal
from blocklists.keyed import keyed_digest, stored_key
from blocklists.model import Confidentiality, ListCounts, ListSource, ListVersion
from blocklists.records import Attempt, Held, ListLife, ListStatus, Pin, Serving
from blocklists.texts import FileTexts, Texts
from blocklists.version_digests import FILE as DIGESTS
from blocklists.version_digests import VersionDigests
from blocklists.versions import (
    RollbackError,
    Row,
    origin,
    pin_in_force,
    rolled_back,
    serving_of,
    status_of,
    with_accepted,
    with_confirmed,
)

_ROW: TypeAdapter[Row] = TypeAdapter(Row)
_SERVING = TypeAdapter(Serving)
_ATTEMPT = TypeAdapter(Attempt)
_LIFE = TypeAdapter(ListLife)
_VERSIONS, _LIFE_FILE, _ATTEMPT_FILE = "versions.json", "life.json", "attempt.json"
EDITS = "edits"
_LEDGER = "ledger"
_BEFORE = "serving.json"
"""The one version that an older Weir kept; read until the next one is accepted, so that an upgrade opens no gap."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


class ReleaseError(ValueError):
    """There is no held version with this digest; the message says which one is held."""


class ListStore:
    """The folder of all lists. Every method that writes may raise OSError and then leaves what was there before."""

    def __init__(self, directory: Path, texts: Texts | None = None, digest_key: bytes | None = None) -> None:
        """Nothing is created before the first write. ``texts`` are plain files in the lists' folders by default.

        ``digest_key`` makes the digests of secret lists; without it a key beside the lists does, which whoever copies
        the folder has too.
        """
        self._directory, self._digest_key = directory, digest_key
        self.texts = self._texts = texts or FileTexts(directory)
        self.digests = VersionDigests(directory)  # with the texts' openings: ``digesting``

    def identified(self, source: ListSource, version: ListVersion) -> ListVersion:
        """The version under the digest by which it is known here: for a secret list a keyed one. OSError without a key.

        Of a secret list no validators are kept: a server's tag is often a digest of the text, by which a guess could be
        proved.
        """
        if source.confidentiality is not Confidentiality.SECRET:
            return version
        return replace(version, digest=keyed_digest(self.key(), version.data), etag="", last_modified="")

    def key(self) -> bytes:
        """The secret of this box for digests of what must not be guessed. OSError."""
        own = self._directory / ".key"
        if self._digest_key is None:
            return stored_key(own)
        # Made before there was a vault: it would tell of the records of that time.
        own.unlink(missing_ok=True)
        return self._digest_key

    def ledger_path(self, list_id: str) -> Path:
        """Where since when entries are listed is kept (``ledger``)."""
        return self._folder(list_id) / _LEDGER

    def identified_counts(self, source: ListSource, counts: ListCounts) -> ListCounts:
        """The counts as they may be kept: of a secret list with keyed digests in place of names. OSError without a key."""
        covered = counts.coverage
        if source.confidentiality is not Confidentiality.SECRET or covered == NOTHING_COVERED:
            return counts

        def known_as(name: str) -> str:
            return self.identified(source, ListVersion(source.id, b"covers " + name.encode(), "", 0.0)).digest

        return replace(counts, coverage=covered.known_as(known_as))

    # ---- what is known ----

    def versions(self, list_id: str) -> Row:
        """The accepted versions that are kept, newest first; empty if there are none or their record is damaged."""
        folder = self._folder(list_id)
        row = read_record(folder / _VERSIONS, _ROW)
        if row is not None:
            return row
        before = read_record(folder / _BEFORE, _SERVING)
        return () if before is None else (before,)

    def life(self, list_id: str) -> ListLife:
        """What people decided about a list; nothing if there is no record or it is damaged."""
        return read_record(self._folder(list_id) / _LIFE_FILE, _LIFE) or ListLife()

    def remembered(self) -> frozenset[str]:
        """The ids of all lists of which something was decided once, configured or not."""
        names = (path.parent.name for path in self._directory.glob(f"*/{_LIFE_FILE}"))
        return frozenset(name for name in names if _ID.fullmatch(name))

    def life_is_lost(self, list_id: str) -> bool:
        """Whether there was a record of people's decisions that cannot be read any more."""
        path = self._folder(list_id) / _LIFE_FILE
        return path.exists() and read_record(path, _LIFE) is None

    def serving(self, list_id: str) -> Serving | None:
        """What is known of the version that serves; None if there is none or its record is damaged."""
        row = self.versions(list_id)
        return serving_of(row, self.life(list_id).pin if row else None)

    def attempt(self, list_id: str) -> Attempt:
        """The last attempt; an empty one if there was none or its record is damaged."""
        return read_record(self._folder(list_id) / _ATTEMPT_FILE, _ATTEMPT) or Attempt()

    def serving_for(self, source: ListSource) -> Serving | None:
        """What serves, if the version came from this very source."""
        serving = self.serving(source.id)
        return serving if serving is not None and self._is_of(source, serving) else None

    def newest_for(self, source: ListSource) -> Serving | None:
        """The version of this very source that was accepted last, whether it serves or was rolled back."""
        row = self.versions(source.id)
        return row[0] if row and self._is_of(source, row[0]) else None

    def pin_for(self, source: ListSource) -> Pin | None:
        """The rollback that decides which version of this very source serves, if one does."""
        row = self.versions(source.id)
        return pin_in_force(row, self.life(source.id).pin) if self.newest_for(source) else None

    def is_known(self, list_id: str) -> bool:
        """Whether a version of some source has served under this id, be its record readable or not."""
        folder = self._folder(list_id)
        return (folder / _VERSIONS).exists() or (folder / _BEFORE).exists()

    def load_for(self, source: ListSource) -> ListVersion | None:
        """The version that serves, if it came from this very source and its text is kept and whole."""
        return self.load(source.id) if self.serving_for(source) is not None else None

    def load(self, list_id: str) -> ListVersion | None:
        """The version that serves; None if there is none, its text is not kept, or either is damaged."""
        serving = self.serving(list_id)
        data = None if serving is None else self._texts.read(list_id, serving.digest)
        if serving is None or data is None:
            return None
        return ListVersion(
            list_id, data, serving.digest, serving.fetched, serving.etag, serving.last_modified
        )

    def held_for(self, source: ListSource) -> Serving | None:
        """What serves, if it came from this very source and its text is kept and whole."""
        serving = self.serving_for(source)
        return serving if serving is not None and self._texts.holds(source.id, serving.digest) else None

    def text(self, list_id: str, digest: str) -> bytes | None:
        """The text of a kept or held version; None if it is not kept or not whole."""
        return self._texts.read(list_id, digest)

    def text_for(self, source: ListSource, digest: str) -> bytes | None:
        """The same for whoever shows or tells what is in it; None for what ``is_closed_to`` the list as it is now."""
        return None if self.is_closed_to(source, digest) else self.text(source.id, digest)

    def is_closed_to(self, source: ListSource, digest: str) -> bool:
        """Whether a version came while the list was secret, and the list is not secret any more.

        Such a version neither serves nor shows: whoever may declare lists must not open one by declaring it anew.
        """
        is_secret = source.confidentiality is Confidentiality.SECRET
        return not is_secret and self._texts.is_sealed(source.id, digest)

    def has_text(self, list_id: str, digest: str) -> bool:
        """Whether the text of a version can be expected to be read."""
        return self._texts.holds(list_id, digest)

    def keeps_text(self, source: ListSource) -> bool:
        """Whether texts of this list are kept here at all."""
        return self._texts.keeps(source)

    def status(self, list_id: str, *, now: float) -> ListStatus:
        """The list as people and metrics see it; ``now`` is Unix seconds."""
        return status_of(list_id, self.versions(list_id), self.attempt(list_id), self.life(list_id), now)

    # ---- what changes ----

    def accept(
        self, source: ListSource, version: ListVersion, counts: ListCounts, *, now: float | None = None
    ) -> None:
        """Make ``version`` the newest one, which serves unless the list is pinned on hold. ``now`` is Unix seconds;
        by default the time of the fetch.
        """
        folder = self._made(source.id)
        self._texts.write(source, version.digest, version.data)
        accepted = Serving(
            digest=version.digest,
            size=_size(source, version.data),
            fetched=version.fetched,
            counts=counts,
            etag=version.etag,
            timers=version.timers,
            last_modified=version.last_modified,
            origin=origin(source),
            proof=version.proof,
            accepted=version.fetched if now is None else now,
        )
        self._put_row(folder, with_accepted(self.versions(source.id), accepted, source.handling.keep))

    def confirm(self, source: ListSource, version: ListVersion) -> None:
        """The source sent a kept version again: keep its validators anew, and its text if that is not whole."""
        if not self._texts.holds(source.id, version.digest):
            self._texts.write(source, version.digest, version.data)
        row = with_confirmed(
            self.versions(source.id),
            version.digest,
            fetched=version.fetched,
            etag=version.etag,
            last_modified=version.last_modified,
            proof=version.proof,
        )
        self._put_row(self._made(source.id), row)

    def hold(
        self, source: ListSource, version: ListVersion, counts: ListCounts, failures: tuple[GateFailure, ...]
    ) -> Held:
        """Keep a refused version aside; the caller notes it in the attempt."""
        self._made(source.id)
        self._texts.write(source, version.digest, version.data)
        return Held(version.digest, version.fetched, counts, failures, origin(source), version.proof)

    def note(self, list_id: str, attempt: Attempt) -> None:
        """Remember an attempt; the text of a held version goes when the attempt no longer names it."""
        write_record(self._made(list_id) / _ATTEMPT_FILE, _ATTEMPT, attempt)
        self._tidy_texts(list_id)

    def decide(self, list_id: str, life: ListLife) -> None:
        """Remember what people decided about a list; it holds when this returns."""
        write_record(self._made(list_id) / _LIFE_FILE, _LIFE, life)

    def roll_back(self, source: ListSource, wanted: str) -> tuple[Serving, tuple[str, ...]]:
        """The version that a rollback would serve, its text at hand, and those rolled back from. Nothing is changed.

        ``wanted`` is the beginning of a digest; empty: the version before the one that serves. RollbackError.
        """
        current = self.serving_for(source)
        if current is None:
            raise RollbackError("no version of this source serves")
        row = tuple(kept for kept in self.versions(source.id) if not self.is_closed_to(source, kept.digest))
        chosen, refused = rolled_back(row, current, wanted, shortest=SHORTEST_DIGEST)
        if not self._texts.holds(source.id, chosen.digest):
            raise RollbackError("the text of this version is not kept here")
        return chosen, refused

    def accept_held(self, source: ListSource, digest: str, *, now: float | None = None) -> bool:
        """Release exactly this held version, once. At least 12 hexadecimal digits of its digest are enough.

        True if it is the newest version now; False if its text is not kept here and the next refresh accepts it,
        provided that the source still has it. ReleaseError if no version with this digest is held.
        """
        attempt, held = self.held_as(source.id, digest)
        if self.is_closed_to(source, held.digest):
            raise ReleaseError(
                f"list {source.id}: this version was held while the list was secret; update the list (weir lists sync)"
            )
        data = self._texts.read(source.id, held.digest)
        if data is None:
            self.note(source.id, replace(attempt, released=held.digest))
            return False
        accepted = Serving(
            held.digest,
            _size(source, data),
            held.fetched,
            held.counts,
            origin=held.origin,
            proof=held.proof,
            accepted=held.fetched if now is None else now,
        )
        row = with_accepted(self.versions(source.id), accepted, source.handling.keep)
        write_record(self._folder(source.id) / _VERSIONS, _ROW, row)
        self.note(source.id, replace(attempt, held=None, released=""))
        return True

    def held_as(self, list_id: str, digest: str) -> tuple[Attempt, Held]:
        """The held version of which ``digest`` is the beginning, and the attempt that tells of it. ReleaseError."""
        attempt = self.attempt(list_id)
        held = attempt.held
        if held is None or len(digest) < SHORTEST_DIGEST or not held.digest.startswith(digest.lower()):
            which = f"the held version is {held.digest}" if held else "no version is held"
            raise ReleaseError(f"list {list_id}: nothing to release under this digest; {which}")
        return attempt, held

    def forget_text(self, list_id: str) -> None:
        """Remove what is in plain of a list that is secret now and was not before, its edits included."""
        self._texts.forget_plain(list_id)
        for name in (EDITS, _LEDGER):
            (self._folder(list_id) / name).unlink(missing_ok=True)

    def kept_digests(self, list_id: str) -> tuple[str, ...]:
        """The digests of all versions that are kept or held, newest first."""
        held = self.attempt(list_id).held
        digests = [kept.digest for kept in self.versions(list_id)]
        return tuple(digests if held is None else [held.digest, *digests])

    def erase(self, list_id: str) -> None:
        """Destroy the key, the texts and the records of a list, but for what people decided. Doing it twice is once."""
        self._texts.erase(list_id)
        folder = self._folder(list_id)
        for name in (_VERSIONS, _BEFORE, _ATTEMPT_FILE, EDITS, _LEDGER, DIGESTS):
            (folder / name).unlink(missing_ok=True)
        if folder.is_dir():
            sync_folder(folder)

    def is_erased(self, list_id: str) -> bool:
        """Whether nothing is left of the list but what people decided."""
        attempted = (self._folder(list_id) / _ATTEMPT_FILE).exists()
        return self._texts.is_erased(list_id) and not self.is_known(list_id) and not attempted

    def edits(self, list_id: str) -> Journal:
        """The edits of a list, and whether their file is damaged."""
        return read_journal(self._folder(list_id) / EDITS)

    def edit(self, source: ListSource, edits: Sequence[Edit], note: str = "") -> None:
        """Keep edits with a note about them, durably, all or none. EditError if the list takes none."""
        check_editable(source)
        append_edits(self._made(source.id) / EDITS, edits, note)

    def tidy_edits(self, list_id: str) -> None:
        """Drop what later edits have superseded, if it is much."""
        tidy_journal(self._folder(list_id) / EDITS)

    def _put_row(self, folder: Path, row: Row) -> None:
        write_record(folder / _VERSIONS, _ROW, row)
        (folder / _BEFORE).unlink(missing_ok=True)
        self._tidy_texts(folder.name)

    def _tidy_texts(self, list_id: str) -> None:
        """Remove the texts that no record names. What cannot be removed now goes another time."""
        named = {EDITS, *(kept.digest for kept in self.versions(list_id))}
        if (held := self.attempt(list_id).held) is not None:
            named.add(held.digest)
        with contextlib.suppress(OSError):
            self._texts.keep_only(list_id, named)

    def _is_of(self, source: ListSource, kept: Serving) -> bool:
        """Whether a version came from this very source, and may serve it."""
        return kept.origin == origin(source) and not self.is_closed_to(source, kept.digest)

    def _folder(self, list_id: str) -> Path:
        if not _ID.fullmatch(list_id):
            raise ValueError("a list's id has letters, digits, dot, hyphen and underscore only")
        return self._directory / list_id

    def _made(self, list_id: str) -> Path:
        folder = self._folder(list_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _size(source: ListSource, data: bytes) -> int:
    """What is noted of a text's size: of a secret list nothing, it narrows down which names a short one can have."""
    return 0 if source.confidentiality is Confidentiality.SECRET else len(data)
