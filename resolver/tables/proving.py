"""The proofs of generations, read and verified for a process that takes no other: files in, a verdict out.

A reader is given the path of the log's keys. While there is no such file and no other generation has a proof, nobody has
proven anything on this box yet: it is new, or was upgraded a moment ago, and what is there is served. From the first look at
which there is one, a generation without a valid proof is passed over, for as long as the process lives.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

from resolver.runtime.logs import get_logger
from resolver.tables.logged import FileDigests, Logged, NotLoggedError, Verified, check
from resolver.tables.model import Tables
from resolver.tables.names import PROOFS, proof_name
from resolver.tlog.notes import VerifierKey
from resolver.tlog.state_proof import MAX_BYTES, decode

_MOST_REMEMBERED = 256
"""Refusals that are counted once each; beyond, they are counted anew."""

Stamp = tuple[tuple[int, int], ...]
"""What tells a file from the one that takes its place."""

_log = get_logger("weir.tables")


def digest_file(path: Path) -> bytes:
    """SHA-256 of a file. OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def digest_files(state: Path, snapshot: str, urls: str) -> FileDigests:
    """The digests of the compiled files with these names; ``urls`` is empty where there is none. OSError."""
    return FileDigests(digest_file(state / snapshot), digest_file(state / urls) if urls else b"")


def mark_of(logged: Logged | None) -> int:
    """The first 8 bytes of a state, as a counter page tells it; 0 where nothing is proven."""
    return 0 if logged is None else int(logged.state[:16], 16)


@dataclass(frozen=True, slots=True)
class _Checked:
    """A generation that may be taken; ``stamp`` is that of its proof and of the keys."""

    tables: Tables
    stamp: Stamp
    logged: Logged | None


def _mark(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_ino, found.st_mtime_ns


class Prover:
    """Says of generations whether they may be taken. Used by one thread at a time; the numbers may be read from any."""

    def __init__(self, state: Path, keys: Path | None) -> None:
        """``keys`` is the file of the log's keys; None: this reader takes any generation."""
        self._state, self._keys = state, keys
        self._is_pinned = False
        self._files: tuple[object, FileDigests] | None = None
        self._told: set[str] = set()
        self._checked: _Checked | None = None
        self._taken: _Checked | None = None
        self.refused = 0
        """Generations, and new proofs of one, that were not taken for want of a valid proof."""

    @property
    def logged(self) -> Logged | None:
        """What the generation that serves was shown to enforce; None if nobody has shown it."""
        return None if self._taken is None else self._taken.logged

    def check(self, tables: Tables) -> None:
        """NotLoggedError if the generation is not to be taken."""
        self._checked = _Checked(tables, self._stamp(tables), self._counted(tables))

    def took(self) -> None:
        """What was checked last serves from now on."""
        self._taken = self._checked

    @property
    def is_renewed(self) -> bool:
        """Whether the generation that serves has another proof than the one that was looked at last, or there are
        other keys.
        """
        return self._taken is not None and self._stamp(self._taken.tables) != self._taken.stamp

    def follow(self) -> bool:
        """Look at the proof of the generation that serves again; whether it says something else now.

        A proof that is not valid changes nothing but the count. What was proven before goes on serving.
        """
        before = self._taken
        if before is None:
            return False
        stamp, logged = self._stamp(before.tables), before.logged
        with contextlib.suppress(NotLoggedError):
            logged = self._counted(before.tables)
        self._taken = _Checked(before.tables, stamp, logged)
        return logged != before.logged

    def _counted(self, tables: Tables) -> Logged | None:
        try:
            return self._check(tables)
        except NotLoggedError as error:
            if str(error) not in self._told:
                _log.error("refused: what it enforces is not proven to be in the log", reason=str(error))
                self.refused += 1
                if len(self._told) >= _MOST_REMEMBERED:
                    self._told.clear()
                self._told.add(str(error))
            raise

    def _check(self, tables: Tables) -> Logged | None:
        if (keys := self._read_keys(tables)) is None:
            return None
        name = proof_name(tables.generation)
        try:
            with (self._state / name).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            files = self._digests(tables)
        except OSError as error:
            why = "it has no proof" if isinstance(error, FileNotFoundError) else str(error.strerror)
            raise NotLoggedError(f"generation {tables.generation} is not taken: {name}: {why}") from error
        try:
            proof = decode(data)
            leaf, manifest = proof.verify(keys)
        except ValueError as error:  # what is malformed, unsigned, or does not belong together
            raise NotLoggedError(f"generation {tables.generation} is not taken: {name}: {error}") from error
        return check(tables, files, Verified(leaf, manifest, proof.stopped))

    def _read_keys(self, tables: Tables) -> list[VerifierKey] | None:
        """The keys; None as long as there never was a file of them. NotLoggedError if it cannot be used."""
        if self._keys is None:
            return None
        try:
            lines = self._keys.read_text(encoding="ascii").split()
            self._is_pinned = True
            return [VerifierKey.parse(line) for line in lines]
        except FileNotFoundError as error:
            # Its own proof may be the first of all, which comes a moment before the keys.
            others = {path.name for path in self._state.glob(PROOFS)} - {proof_name(tables.generation)}
            if self._is_pinned or others:
                raise NotLoggedError(
                    f"{self._keys}: the keys of the log are gone; put them back (log.vkey in data_dir has them)"
                ) from error
            return None
        except (OSError, ValueError) as error:
            raise NotLoggedError(f"{self._keys}: the keys of the log cannot be read: {error}") from error

    def _stamp(self, tables: Tables) -> Stamp:
        """Changes when the proof or the file of keys is replaced."""
        files = [self._state / proof_name(tables.generation)]
        return tuple(map(_mark, files if self._keys is None else [*files, self._keys]))

    def _digests(self, tables: Tables) -> FileDigests:
        """Of the generation's compiled files; not read again as long as the kernel has seen nobody touch them."""
        names = [name for name in (tables.snapshot, tables.urls) if name]
        found = [(self._state / name).stat() for name in names]
        marks = names, [(one.st_ino, one.st_size, one.st_ctime_ns) for one in found]
        if self._files is None or self._files[0] != marks:
            self._files = (marks, digest_files(self._state, tables.snapshot, tables.urls))
        return self._files[1]
