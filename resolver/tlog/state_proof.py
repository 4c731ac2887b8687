"""What lies beside every generation: that the state in force is signed and in the log (log before enforce).

A worker trusts its pinned key and nothing else here. Whether a generation is what the manifest says is decided by who
loads it; this file only proves leaf and manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from resolver.tlog import ed25519, fields, leaves, manifests, proofs
from resolver.tlog.canonical import FormatError, Json
from resolver.tlog.canonical import decode as decode_json
from resolver.tlog.canonical import encode as encode_json
from resolver.tlog.encoding import HASH_BYTES, from_base64, to_base64
from resolver.tlog.leaf_types import MAX_LISTS, LeafType
from resolver.tlog.leaves import Leaf
from resolver.tlog.manifests import Manifest
from resolver.tlog.notes import MAX_NOTE, VerifierKey, Verify
from resolver.tlog.tiles import MAX_ENTRY
from resolver.tlog.tree import ProofError, leaf_hash, verify_inclusion

VERSION = 1
MAX_BYTES = 2 * manifests.MAX_MANIFEST + MAX_NOTE + 4 * MAX_ENTRY
"""Quotation marks take twice their place in JSON; a file that is larger need not be read."""


@dataclass(frozen=True, slots=True)
class StateProof:
    """A leaf of type ``publish`` under a signed checkpoint, with the manifest that its ``state`` is the hash of."""

    checkpoint: bytes
    """The signed note."""
    index: int
    leaf: bytes
    hashes: tuple[bytes, ...]
    """The inclusion proof."""
    manifest: bytes
    stopped: tuple[str, ...] = ()
    """Lists of which less is enforced than the manifest says: an emergency that the log has not been told of yet.

    Nobody signs this. It can only take away, and whoever may write it may take the whole generation away.
    """

    def verify(self, keys: Iterable[VerifierKey], check: Verify = ed25519.verify) -> tuple[Leaf, Manifest]:
        """The leaf and the manifest that one of these keys vouches for.

        FormatError: something is malformed, or signed by no known key. ProofError: the parts do not belong together.
        """
        checkpoint = proofs.signed_checkpoint(self.checkpoint, keys, check)
        verify_inclusion(leaf_hash(self.leaf), self.index, checkpoint.size, self.hashes, checkpoint.root)
        leaf = leaves.decode(self.leaf)
        if leaf.seq != self.index or leaf.type != LeafType.PUBLISH:
            raise ProofError(f"leaf {self.index} does not publish a state")
        if manifests.digest(self.manifest) != leaf.state:
            raise ProofError(f"the manifest is not the one of leaf {self.index}")
        manifest = manifests.decode(self.manifest)
        if not manifest.lists.keys() >= set(self.stopped):
            raise ProofError("a list is stopped that the manifest has not")
        return leaf, manifest


_FILE = fields.record(
    {
        "checkpoint": fields.lines(MAX_NOTE),
        "hashes": fields.rows(fields.text(64), proofs.MAX_HASHES, distinct=False),
        "index": fields.counter,
        "leaf": fields.text(MAX_ENTRY),
        "manifest": fields.text(manifests.MAX_MANIFEST),
        "stopped": fields.rows(fields.identifier, MAX_LISTS),
        "v": fields.counter,
    }
)


def encode(proof: StateProof) -> bytes:
    """The file, canonical JSON: notes, leaf and manifest as the text that they are. FormatError: one is no text."""
    try:
        texts: Mapping[str, Json] = {
            "checkpoint": proof.checkpoint.decode(),
            "leaf": proof.leaf.decode(),
            "manifest": proof.manifest.decode(),
        }
    except UnicodeDecodeError as error:
        raise FormatError("a part of the proof is not UTF-8") from error
    found: dict[str, Json] = {
        **texts,
        "hashes": [to_base64(item) for item in proof.hashes],
        "index": proof.index,
        "stopped": list(proof.stopped),
        "v": VERSION,
    }
    _FILE(found)
    return encode_json(found)


def decode(data: bytes) -> StateProof:
    """A proof with nothing verified. FormatError: the file is malformed."""
    if len(data) > MAX_BYTES:
        raise FormatError(f"the proof has {len(data)} bytes, more than {MAX_BYTES}")
    found = decode_json(data)
    _FILE(found)
    assert isinstance(found, dict), "checked above"
    if found["v"] != VERSION:
        raise FormatError(f"the proof is of another version than {VERSION}")
    return StateProof(
        found["checkpoint"].encode(),
        found["index"],
        found["leaf"].encode(),
        tuple(from_base64(item, HASH_BYTES) for item in found["hashes"]),
        found["manifest"].encode(),
        tuple(found["stopped"]),
    )
