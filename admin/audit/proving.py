"""Proofs that can be carried away and checked offline: a leaf under a checkpoint, one checkpoint after another.

A leaf's proof is a tlog-proof (c2sp.org/tlog-proof@v1) with the leaf beside it; that a log goes on from an older checkpoint
is shown by the body of a request to a witness (c2sp.org/tlog-witness): ``old N``, hashes, an empty line, the checkpoint. No
proof is given away that does not hold: each is verified against the signed root first.
"""

from __future__ import annotations

from collections.abc import Sequence

from admin.audit.copies import Copy, opened
from admin.audit.verifier import FailedError
from resolver.tlog import proofs
from resolver.tlog.canonical import FormatError
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.encoding import HASH_BYTES, from_base64, from_decimal, to_base64
from resolver.tlog.notes import VerifierKey
from resolver.tlog.proofs import LogProof
from resolver.tlog.tree import (
    ProofError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

_OLD = "old "


def inclusion(
    copy: Copy, index: int, keys: Sequence[VerifierKey], size: int | None = None
) -> tuple[LogProof, bytes]:
    """The proof that leaf ``index`` is under the checkpoint of ``size`` (by default the latest), and the leaf.

    ValueError: that tree has no such leaf. FailedError, UndecidedError: as ``Copy`` says, or the proof does not hold.
    """
    note = copy.note(size)
    checkpoint = opened(note, keys, "checkpoint" if size is None else f"cp/{size}")
    if not 0 <= index < checkpoint.size:
        raise ValueError(f"the log has leaves 0 to {checkpoint.size - 1}; there is no leaf {index}")
    leaf = copy.leaf(index, checkpoint.size)
    try:
        hashes = inclusion_proof(index, checkpoint.size, copy.hashes(checkpoint.size))
        verify_inclusion(leaf_hash(leaf), index, checkpoint.size, hashes, checkpoint.root)
    except (FormatError, ProofError) as error:
        raise FailedError(f"leaf {index}: {error}") from error
    return LogProof(index, hashes, note), leaf


def consistency(copy: Copy, old: Checkpoint, keys: Sequence[VerifierKey], size: int | None = None) -> bytes:
    """The file that shows that the log of ``size`` (by default of now) goes on from ``old``. Errors as ``inclusion``."""
    note = copy.note(size)
    new = opened(note, keys, "checkpoint" if size is None else f"cp/{size}")
    if old.origin != new.origin or not 1 <= old.size <= new.size:
        raise ValueError(
            f"{old.origin} of size {old.size} is nothing that {new.origin} of size {new.size} goes on from"
        )
    try:
        hashes = consistency_proof(old.size, new.size, copy.hashes(new.size))
        verify_consistency(old.size, new.size, old.root, new.root, hashes)
    except (FormatError, ProofError) as error:
        raise FailedError(f"size {old.size} to {new.size}: {error}") from error
    return consistency_file(old.size, hashes, note)


def consistency_file(size: int, hashes: Sequence[bytes], note: bytes) -> bytes:
    """The file that shows, by these hashes, which root the tree of ``note`` has at a smaller size."""
    return "\n".join([f"{_OLD}{size}", *map(to_base64, hashes), "", ""]).encode() + note


def is_consistency(data: bytes) -> bool:
    """Whether a file claims to be what ``consistency`` gives; else it is a tlog-proof or nothing."""
    return data.startswith(_OLD.encode())


def check_inclusion(data: bytes, leaf: bytes, keys: Sequence[VerifierKey]) -> tuple[int, Checkpoint]:
    """The index of the leaf, and under which checkpoint it is. FailedError: it is not, or the file is malformed."""
    try:
        proof = proofs.decode(data)
        checkpoint = opened(proof.checkpoint, keys, "the proof's checkpoint")
        verify_inclusion(leaf_hash(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    except (FormatError, ProofError) as error:
        raise FailedError(f"the proof: {error}") from error
    return proof.index, checkpoint


def check_consistency(data: bytes, old: Checkpoint, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The checkpoint that goes on from ``old``. FailedError: it does not, or the file is malformed."""
    head, _, note = data.partition(b"\n\n")
    new = opened(note, keys, "the proof's checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
        size, hashes = (
            from_decimal(first.removeprefix(_OLD)),
            [from_base64(line, HASH_BYTES) for line in lines],
        )
        verify_consistency(size, new.size, old.root, new.root, hashes)
    except (FormatError, ProofError, UnicodeDecodeError) as error:
        raise FailedError(f"the proof: {error}") from error
    if (old.origin, old.size) != (new.origin, size):
        raise FailedError(f"the proof: it goes on from {new.origin} of size {size}")
    return new
