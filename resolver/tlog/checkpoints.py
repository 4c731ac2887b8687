"""Checkpoints (c2sp.org/tlog-checkpoint): the text that a log signs. Signatures are those of ``notes``."""

from __future__ import annotations

from dataclasses import dataclass

from resolver.tlog.canonical import FormatError
from resolver.tlog.encoding import HASH_BYTES, from_base64, from_decimal, is_line, to_base64
from resolver.tlog.tree import EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree of ``size`` leaves of the log ``origin``."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """The text of the note. FormatError: it would not be read again as this checkpoint."""
        text = f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"
        if parse(text) != self:
            raise FormatError("this is no checkpoint")
        return text


def parse(text: str) -> Checkpoint:
    """A checkpoint's text. FormatError: it is none, or has extension lines, which this log never writes."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop():
        raise FormatError("a checkpoint has three lines, each with its newline")
    if len(lines) > 3:
        raise FormatError("the checkpoint has extension lines")
    if not lines[0] or not is_line(lines[0]):
        raise FormatError("the checkpoint's origin is empty or has control characters")
    size, root = from_decimal(lines[1]), from_base64(lines[2], HASH_BYTES)
    if size == 0 and root != EMPTY_ROOT:
        raise FormatError("the checkpoint of an empty log has another root than an empty tree")
    return Checkpoint(lines[0], size, root)
