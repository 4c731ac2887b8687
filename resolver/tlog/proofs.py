"""Proofs that can be checked offline (c2sp.org/tlog-proof@v1): a leaf's place under a signed checkpoint.

``extra`` is for applications and is signed by nobody. The leaf itself is not in the file: whoever checks has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from resolver.tlog import checkpoints, ed25519, notes
from resolver.tlog.canonical import FormatError
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.encoding import HASH_BYTES, from_base64, from_decimal, to_base64
from resolver.tlog.notes import VerifierKey, Verify
from resolver.tlog.tree import ProofError, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
"""As many levels as a tree can have (c2sp.org/tlog-tiles)."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """A proof as the file has it. ``checkpoint`` is the whole signed note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def encode(proof: LogProof) -> bytes:
    """The file. FormatError: it would not be read again as this proof."""
    lines = [HEADER]
    if proof.extra is not None:
        lines.append(f"extra {to_base64(proof.extra)}")
    lines += [f"index {proof.index}", *map(to_base64, proof.hashes), "", ""]
    data = "\n".join(lines).encode() + proof.checkpoint
    if decode(data) != proof:
        raise FormatError("this is no proof")
    return data


def decode(data: bytes) -> LogProof:
    """A proof with nothing verified. FormatError: the file is malformed."""
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank:
        raise FormatError("the proof has no empty line before its checkpoint")
    try:
        header, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("the proof has other than ASCII characters before its checkpoint") from error
    if header != HEADER:
        raise FormatError(f"the proof does not begin with {HEADER}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise FormatError("the proof has no index")
    index, hashes = from_decimal(lines[0].removeprefix("index ")), lines[1:]
    if len(hashes) > MAX_HASHES:
        raise FormatError(f"the proof has more than {MAX_HASHES} hashes")
    notes.parse_note(checkpoint)
    return LogProof(index, tuple(from_base64(item, HASH_BYTES) for item in hashes), checkpoint, extra)


def verify(
    proof: LogProof, leaf: bytes, keys: Iterable[VerifierKey], check: Verify = ed25519.verify
) -> Checkpoint:
    """The checkpoint under which the leaf with these bytes is number ``proof.index``.

    FormatError: no known key signed the checkpoint, or it is malformed. ProofError: the leaf is not there.
    """
    checkpoint = signed_checkpoint(proof.checkpoint, keys, check)
    verify_inclusion(leaf_hash(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return checkpoint


def signed_checkpoint(note: bytes, keys: Iterable[VerifierKey], check: Verify = ed25519.verify) -> Checkpoint:
    """The checkpoint of a note that its own log has signed: a key whose name is the origin.

    FormatError: malformed, or not signed by a known key. ProofError: all who signed it are keys of other logs.
    """
    opened = notes.opened(note, keys, check)
    checkpoint = checkpoints.parse(opened.text)
    if all(signature.name != checkpoint.origin for signature in opened.signatures):
        raise ProofError("the checkpoint is signed by keys of other logs alone")
    return checkpoint
