"""What it takes to sign a checkpoint, whoever holds the key: a process of its own, or a token behind PKCS#11.

A signer never signs what it is told to. It knows by itself how far the log has come (the lock row, and what it saw of it
before), and signs a tree only if that goes on from there: two histories cannot both be signed by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from admin.audit.bundles import Tree
from admin.audit.doubt import ANOTHER_LOG
from resolver.tlog.notes import VerifierKey
from resolver.tlog.tree import EMPTY_ROOT, ProofError, verify_consistency


class SignerError(Exception):
    """There is no signature now (the signer is away, or its key); trying again may help. The message says what to do."""


class RefusedError(SignerError):
    """The signer will not sign this: it would be another history. A person has to look."""


@dataclass(frozen=True, slots=True)
class Request:
    """A tree to be signed: where it goes on from, and the proof that it does."""

    origin: str
    old: int
    tree: Tree
    proof: tuple[bytes, ...]
    keys: tuple[str, ...]
    """The ids (hexadecimal) of the keys that are to sign."""


class Signer(Protocol):
    """Holds the keys of one log. Used by one thread at a time."""

    def vkeys(self) -> Sequence[VerifierKey]:
        """Those that it can sign with, in the order of the configuration. SignerError."""

    def sign(self, request: Request) -> bytes:
        """The signed checkpoint of this tree. RefusedError, SignerError."""

    def close(self) -> None:
        """Let go of the keys."""


def check(request: Request, locked: Tree | None, seen: Tree | None) -> None:
    """RefusedError unless the tree goes on from what is locked; that must not lie behind what was seen of it before."""
    at = locked or Tree(0, EMPTY_ROOT)
    if seen is not None and (seen.size > at.size or (seen.size == at.size and seen != at)):
        raise RefusedError(
            f"the database has {at.size} leaves of the log {request.origin}, and {seen.size} or others were signed already: "
            "an old backup was restored, or the log's tables were changed. Restore the newest database; if there is none, "
            f"{ANOTHER_LOG}"
        )
    if request.old != at.size or request.tree.size <= at.size:
        raise RefusedError(
            f"the database has {at.size} leaves of the log {request.origin}, not {request.old}: somebody else writes it"
        )
    if at.size == 0:
        return
    try:
        verify_consistency(at.size, request.tree.size, at.root, request.tree.root, request.proof)
    except ProofError as error:
        raise RefusedError(
            f"the log {request.origin} would not go on from its {at.size} leaves: {error}"
        ) from error
