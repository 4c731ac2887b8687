"""Proofs of what was logged, as control gives them to the data plane: which covers what is to be enforced.

What is written here is checked by the same rules as where it is read (``resolver.tables.logged``), so a mistake is seen before
a worker refuses it. Signatures are not checked: these proofs come from this process's own log.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from admin.config import Config
from admin.services.build import EnforcedLists, build_tables
from admin.services.terms import Terms
from resolver.tables.logged import FileDigests, Logged, NotLoggedError, Verified, check, differences, snap_of
from resolver.tables.model import Tables
from resolver.tables.names import PROOFS
from resolver.tables.proving import digest_files, mark_of
from resolver.tlog import leaves, manifests
from resolver.tlog.manifests import Manifest
from resolver.tlog.state_proof import StateProof, decode, encode

_ANY_GENERATION, _NO_TIME = 0, 0.0


class UncoveredError(ValueError):
    """More would be enforced than was logged: it waits until it is."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That a state is in the log."""

    given: StateProof
    manifest: Manifest
    snap: str

    @classmethod
    def of(cls, given: StateProof) -> Proof:
        """From what the log gives. FormatError if it is not one."""
        leaf = leaves.decode(given.leaf)
        return cls(given, manifests.decode(given.manifest), str(leaf.facts.get("snap", "")))

    @property
    def state(self) -> str:
        """The hash of the manifest."""
        return manifests.digest(self.given.manifest)


@dataclass(frozen=True, slots=True)
class Binding:
    """A generation that is in force, and the leaf that its state and files are bound by."""

    generation: int
    state: str
    snap: str
    index: int

    @property
    def mark(self) -> int:
        """As a process tells of the state on its page (``resolver.tables.proving.mark_of``)."""
        return mark_of(Logged(self.state, self.snap, self.index))


class Proofs:
    """The proofs in one state folder. Used under the publisher's lock, but for ``snap``."""

    def __init__(self, state: Path) -> None:
        """No log is kept until ``are_kept`` is set."""
        self.state = state
        self._digests: tuple[str, FileDigests] | None = None
        self.are_kept = False

    def snap(self, config: Config, snapshot: str) -> str:
        """What binds compiled lists and what the configuration says about names to a leaf. OSError."""
        tables = _tables(config, snapshot, {})
        return snap_of(self._files(tables), tables)

    def terms(self, config: Config, snapshot: str, enforced: EnforcedLists, proof: Proof) -> Terms:
        """On what terms this comes into force with this proof. UncoveredError if it says less than is to be enforced.

        What is stopped although the log does not say so yet is marked.
        """
        tables = _tables(config, snapshot, enforced)
        less, _ = differences(tables.lists, proof.manifest)
        given = replace(proof.given, stopped=less)
        try:
            found = Verified(leaves.decode(given.leaf), proof.manifest, less)
            check(tables, self._files(tables), found)
        except NotLoggedError as error:
            raise UncoveredError(f"what is to be enforced is not in the log yet: {error}") from error
        return Terms(enforced, encode(given))

    def find(self, config: Config, snapshot: str, enforced: EnforcedLists) -> Proof:
        """One of the last proofs in the folder that covers this, the newest first. UncoveredError if none does."""
        for path in sorted(self.state.glob(PROOFS), reverse=True):
            try:
                proof = Proof.of(decode(path.read_bytes()))
                self.terms(config, snapshot, enforced, proof)
            except (OSError, ValueError):
                continue
            return proof
        raise UncoveredError("nothing that is in the log covers what is to be enforced; it waits for the log")

    def _files(self, tables: Tables) -> FileDigests:
        """Of compiled files, which never change: read once for each."""
        if self._digests is None or self._digests[0] != tables.snapshot:
            self._digests = (tables.snapshot, digest_files(self.state, tables.snapshot, tables.urls))
        return self._digests[1]


def _tables(config: Config, snapshot: str, enforced: EnforcedLists) -> Tables:
    return build_tables(config, _ANY_GENERATION, snapshot, _NO_TIME, enforced)
