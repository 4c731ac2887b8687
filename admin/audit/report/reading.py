"""The leaves and manifests that a checkpoint covers, read from the files of a log. Each is held against the checkpoint's
root, or its own hash: what came with a signed checkpoint is what is counted, whatever becomes of the files meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from resolver.tlog import leaves, manifests
from resolver.tlog.canonical import FormatError
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.leaves import Leaf
from resolver.tlog.manifests import Manifest
from resolver.tlog.tiles import TILE_WIDTH, entries_path, unpack_entries
from resolver.tlog.tree import EMPTY_ROOT, leaf_hash, node_hash

_BUNDLE_LIMIT = TILE_WIDTH * (2 + 0xFFFF)

Read = Callable[[str, int], bytes | None]
"""A file of the log by its path, of at most so many bytes; None if there is none."""


class SourceError(Exception):
    """The files are not those of the checkpoint, or are not there. The message names the file."""


@dataclass(slots=True)
class Tree:
    """The root over the leaves so far (RFC 6962)."""

    size: int = 0
    _peaks: list[tuple[int, bytes]] = field(default_factory=list)
    """Height and hash of the full subtrees, the highest first."""

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        height, top = 0, leaf_hash(leaf)
        while self._peaks and self._peaks[-1][0] == height:
            height, top = height + 1, node_hash(self._peaks.pop()[1], top)
        self._peaks.append((height, top))
        self.size += 1

    def copy(self) -> Tree:
        """As it is now."""
        return Tree(self.size, list(self._peaks))

    @property
    def root(self) -> bytes:
        """Of all leaves so far."""
        found = b""
        for _, peak in reversed(self._peaks):
            found = node_hash(peak, found) if found else peak
        return found or EMPTY_ROOT


class LogCopy:
    """A log's files up to a checkpoint whose signature somebody has verified."""

    def __init__(self, read: Read, checkpoint: Checkpoint) -> None:
        """``read`` gives the files."""
        self._read = read
        self.checkpoint = checkpoint

    def leaves(self) -> Iterator[tuple[Leaf, Tree]]:
        """Every leaf with the tree that it closes, which goes on growing. SourceError, at the end also if the root is
        another one.
        """
        tree, size = Tree(), self.checkpoint.size
        for number in range(-(-size // TILE_WIDTH)):
            width = min(TILE_WIDTH, size - number * TILE_WIDTH)
            for data in self._bundle(number, width):
                tree.add(data)
                yield self._leaf(data, tree.size - 1), tree
        if tree.root != self.checkpoint.root:
            raise SourceError("the leaves are not those of the checkpoint: verify the log")

    def manifest(self, state: str) -> Manifest:
        """The manifest of a state. SourceError."""
        path = f"state/{state}.json"
        data = self._read(path, manifests.MAX_MANIFEST)
        if data is None:
            raise SourceError(f"{path}: there is no such file")
        if manifests.digest(data) != state:
            raise SourceError(f"{path}: its content has another hash than its name says")
        try:
            return manifests.decode(data)
        except FormatError as error:
            raise SourceError(f"{path}: {error}") from error

    def _bundle(self, number: int, width: int) -> list[bytes]:
        """The full bundle serves where the partial one was collected, or has grown, since (tlog-tiles)."""
        path = entries_path(number, width)
        data, count = self._read(path, _BUNDLE_LIMIT), width
        if data is None and width < TILE_WIDTH:
            path = entries_path(number)
            data, count = self._read(path, _BUNDLE_LIMIT), TILE_WIDTH
        if data is None:
            raise SourceError(f"{path}: there is no such file")
        try:
            return unpack_entries(data, count)[:width]
        except FormatError as error:
            raise SourceError(f"{path}: {error}") from error

    def _leaf(self, data: bytes, index: int) -> Leaf:
        try:
            return leaves.decode(data)
        except FormatError as error:
            raise SourceError(f"leaf {index}: {error}") from error
