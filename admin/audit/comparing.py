"""Two copies of a log, or two of its checkpoints, side by side: one history, or two that the same key has signed.

Two signed checkpoints that contradict each other are the proof by themselves: nobody need trust whoever found them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from admin.audit.copies import Copy, opened
from admin.audit.proving import consistency_file
from admin.audit.verifier import UndecidedError
from resolver.tlog import tree
from resolver.tlog.canonical import FormatError
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.encoding import to_base64
from resolver.tlog.notes import VerifierKey
from resolver.tlog.tree import ProofError


class Outcome(StrEnum):
    """How two views of a log relate."""

    SAME = "same"
    GROWN = "grown"
    """The larger goes on from the smaller."""
    SPLIT = "split"
    """No log can have had both."""


@dataclass(frozen=True, slots=True)
class View:
    """What somebody was shown of a log: a signed checkpoint, and the copy it belongs to where that can be had."""

    place: str
    note: bytes
    checkpoint: Checkpoint
    copy: Copy | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The smaller view, the larger one, and what that means; ``words`` for a person."""

    outcome: Outcome
    smaller: View
    larger: View
    words: str
    proof: bytes = b""
    """Of two sizes that contradict each other: that the larger tree has another root at the smaller size."""


def view(where: str, keys: Sequence[VerifierKey]) -> View:
    """A view from a file with a checkpoint, a folder or an address. FailedError, UndecidedError, OSError."""
    if "://" not in where and Path(where).is_file():
        note = Path(where).read_bytes()
        return View(where, note, opened(note, keys, where), None)
    copy = Copy(where)
    note = copy.note()
    return View(where, note, opened(note, keys, f"{where}: checkpoint"), copy)


def compare(first: View, second: View) -> Comparison:
    """FailedError: a copy does not give its own root. UndecidedError: the sizes differ and the larger copy is not there."""
    smaller, larger = sorted((first, second), key=lambda item: item.checkpoint.size)
    old, new = smaller.checkpoint, larger.checkpoint
    if old.origin != new.origin:
        raise UndecidedError(f"these are two logs: {old.origin} and {new.origin}")
    if old.size == new.size:
        if old.root == new.root:
            return Comparison(Outcome.SAME, smaller, larger, f"both have size {old.size} and the same root")
        words = f"two roots of size {old.size}: {to_base64(old.root)} and {to_base64(new.root)}"
        return Comparison(Outcome.SPLIT, smaller, larger, words)
    if old.size == 0:
        raise UndecidedError(f"{smaller.place} is of size 0: every log goes on from it")
    found, proof = _root_within(larger, old.size)
    if found == old.root:
        return Comparison(Outcome.GROWN, smaller, larger, f"size {old.size} went on to size {new.size}")
    words = f"at size {old.size} one has the root {to_base64(old.root)}, the other, of size {new.size}, {to_base64(found)}"
    return Comparison(Outcome.SPLIT, smaller, larger, words, proof)


def _root_within(larger: View, size: int) -> tuple[bytes, bytes]:
    """The root that the larger tree has at a smaller size, and the file that proves that it has."""
    if larger.copy is None:
        raise UndecidedError(
            f"{larger.place} is the larger, and its log is not there to show whether it goes on"
        )
    new = larger.checkpoint
    hashes = larger.copy.hashes(new.size)
    try:
        root, proof = tree.root(size, hashes), tree.consistency_proof(size, new.size, hashes)
        tree.verify_consistency(size, new.size, root, new.root, proof)
    except (FormatError, ProofError) as error:
        words = (
            f"{larger.place}: its tiles are not those of its root ({error}); weir audit verify shows where"
        )
        raise UndecidedError(words) from error
    return root, consistency_file(size, proof, larger.note)


def keep_evidence(found: Comparison, folder: Path) -> list[Path]:
    """Write both signed checkpoints, and in words what they contradict, into a new folder. OSError."""
    folder.mkdir(parents=True)
    files = {
        "smaller.checkpoint": found.smaller.note,
        "larger.checkpoint": found.larger.note,
        "what.txt": f"{found.words}\n{found.smaller.place}\n{found.larger.place}\n".encode(),
    }
    if found.proof:
        files["larger.consistency"] = found.proof
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]
