"""The proofs of generations, read and verified for a process that takes no other: files in, a verdict out.

A reader is given the path of the log's keys. While there is no such file, nobody has proven anything on this box yet: it is
new, or was upgraded a moment ago, and what is there is served. From the first look at which there is one, a generation
without a valid proof is passed over, for as long as the process lives.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from resolver.tables.logged import FileDigests, Logged, NotLoggedError, check
from resolver.tables.model import Tables
from resolver.tables.names import proof_name
from resolver.tlog.canonical import FormatError
from resolver.tlog.notes import NoteError, VerifierKey
from resolver.tlog.state_proof import StateProof
from resolver.tlog.tree import ProofError

KEYS_FILE = "log.vkeys"
"""In the state folder: the keys of the log, one vkey a line, written once the generation in force has its proof."""

MOST_BYTES = 16 * 1024 * 1024
"""Of a proof: a manifest of 256 lists has 100 kB."""
MOST_KEYS = 16
_MOST_REMEMBERED = 256
"""Refusals that are counted once each; beyond, they are counted anew."""


def digest_file(path: Path) -> bytes:
    """SHA-256 of a file. OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def digest_files(state: Path, snapshot: str, urls: str) -> FileDigests:
    """The digests of the compiled files with these names; ``urls`` is empty where there is none. OSError."""
    return FileDigests(digest_file(state / snapshot), digest_file(state / urls) if urls else b"")


class Prover:
    """Says of generations whether they may be taken. Used by one thread at a time."""

    def __init__(self, state: Path, keys: Path | None) -> None:
        """``keys`` is the file of the log's keys; None: this reader takes any generation."""
        self._state, self._keys = state, keys
        self._pinned = False
        self._seen: tuple[int, int] | None = None
        self._files: tuple[tuple[str, str], FileDigests] | None = None
        self._told: set[str] = set()
        self.refused = 0
        """Generations that were not taken for want of a valid proof."""
        self.logged: Logged | None = None
        """What the generation that was taken last, or its newest proof, says is served; None if it has none."""

    def check(self, tables: Tables) -> Logged | None:
        """What the generation is proven to enforce; None while no log is kept. NotLoggedError if it is not to be taken."""
        try:
            return self._check(tables)
        except NotLoggedError as error:
            if str(error) not in self._told:
                self.refused += 1
                if len(self._told) >= _MOST_REMEMBERED:
                    self._told.clear()
                self._told.add(str(error))
            raise

    def took(self, tables: Tables, logged: Logged | None) -> None:
        """This generation, and no other, is asked about from now on by ``renewed``."""
        self.logged = logged

    def _check(self, tables: Tables) -> Logged | None:
        keys = self._read_keys()
        if keys is None:
            return None
        name = proof_name(tables.generation)
        try:
            with (self._state / name).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
            files = self._digests(tables)
        except FileNotFoundError as error:
            raise NotLoggedError(f"generation {tables.generation} is not taken: it has no proof") from error
        except OSError as error:
            raise NotLoggedError(f"{name}: {error.strerror or error}") from error
        try:
            leaf, manifest = StateProof.decode(data).verify(keys)
        except (FormatError, NoteError, ProofError) as error:
            raise NotLoggedError(f"generation {tables.generation} is not taken: {name}: {error}") from error
        return check(tables, files, leaf, manifest)

    def _digests(self, tables: Tables) -> FileDigests:
        """Of the generation's compiled files, read once for as long as it is the same ones: nobody changes them."""
        names = (tables.snapshot, tables.urls)
        if self._files is None or self._files[0] != names:
            self._files = (names, digest_files(self._state, *names))
        return self._files[1]
