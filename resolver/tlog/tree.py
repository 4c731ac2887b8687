"""The Merkle tree of RFC 6962 section 2.1 and its proofs, verified as RFC 9162 sections 2.1.3.2 and 2.1.4.2 say.

Two decisions that the RFCs leave open: every hash is checked to be 32 bytes long, and nothing is consistent with a tree
of size 0 (the empty proof from 0 belongs to the witness protocol). Where hashes are kept is not known here (``tiles``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

Hashes = Callable[[int, int], bytes]
"""``(height, number)`` → hash of the number-th full subtree of 2**height leaves, counted from the left, from 0."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""
_HASH_BYTES = 32


class ProofError(ValueError):
    """A proof that proves nothing: malformed, or for another leaf, tree or root."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root(size: int, hashes: Hashes) -> bytes:
    """The root of the tree of the first ``size`` leaves."""
    return _range_hash(0, size, hashes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, hashes: Hashes) -> tuple[bytes, ...]:
    """PATH of RFC 6962 section 2.1.1, from the leaf upwards. ValueError: there is no leaf ``index``."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of size {size} has no leaf {index}")
    proof = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(_range_hash(middle, high, hashes))
            high = middle
        else:
            proof.append(_range_hash(low, middle, hashes))
            low = middle
    return tuple(reversed(proof))


def consistency_proof(old: int, new: int, hashes: Hashes) -> tuple[bytes, ...]:
    """PROOF of RFC 6962 section 2.1.2. ValueError: not ``1 <= old <= new``."""
    if not 1 <= old <= new:
        raise ValueError(f"no consistency proof from size {old} to size {new}")
    proof = []
    low, high = 0, new
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(_range_hash(middle, high, hashes))
            high = middle
        else:
            proof.append(_range_hash(low, middle, hashes))
            low = middle
    if low:
        proof.append(_range_hash(low, high, hashes))
    return tuple(reversed(proof))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """ProofError unless the leaf with this *hash* is number ``index`` of the tree (RFC 9162 section 2.1.3.2)."""
    _check_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofError(f"a tree of size {size} has no leaf {index}")
    first, last, found = index, size - 1, leaf
    for item in proof:
        if last == 0:
            raise ProofError("the inclusion proof has too many hashes")
        if first & 1 or first == last:
            found = node_hash(item, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, item)
        first, last = first >> 1, last >> 1
    if last:
        raise ProofError("the inclusion proof has too few hashes")
    if found != root:
        raise ProofError(f"leaf {index} is not in the tree of this root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """ProofError unless the new tree begins with all of the old one (RFC 9162 section 2.1.4.2)."""
    _check_hashes(old_root, new_root, *proof)
    if not 1 <= old <= new:
        raise ProofError(f"no tree of size {new} is shown to go on from one of size {old}")
    if old == new:
        if proof or old_root != new_root:
            raise ProofError("two trees of the same size differ")
        return
    if _replay(old, new, old_root, proof) != (old_root, new_root):
        raise ProofError(f"the tree of size {new} does not go on from the one of size {old}")


def _replay(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The two roots that a consistency proof leads to."""
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not proof:
        raise ProofError("the consistency proof has too few hashes")
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_found = new_found = path[0]
    for item in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof has too many hashes")
        if first & 1 or first == last:
            old_found, new_found = node_hash(item, old_found), node_hash(item, new_found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new_found = node_hash(new_found, item)
        first, last = first >> 1, last >> 1
    if last:
        raise ProofError("the consistency proof has too few hashes")
    return old_found, new_found


def _range_hash(low: int, high: int, hashes: Hashes) -> bytes:
    """The hash over leaves ``low`` to ``high`` (excluded); ``low`` is where a subtree of a proof begins."""
    parts = []
    while low < high:
        height = (high - low).bit_length() - 1
        parts.append(hashes(height, low >> height))
        low += 1 << height
    found = parts.pop()
    while parts:
        found = node_hash(parts.pop(), found)
    return found


def _split(size: int) -> int:
    """The largest power of two smaller than ``size``, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_hashes(*hashes: bytes) -> None:
    for item in hashes:
        if len(item) != _HASH_BYTES:
            raise ProofError(f"a hash has {len(item)} bytes, not {_HASH_BYTES}")
