"""The root over leaves as they come (RFC 6962), so that a report can name the tree that it was computed from. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from resolver.tlog.tree import EMPTY_ROOT, leaf_hash, node_hash


@dataclass(slots=True)
class Tree:
    """The leaves so far."""

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

    @property
    def root(self) -> bytes:
        """Of all leaves so far."""
        found = b""
        for _, peak in reversed(self._peaks):
            found = node_hash(peak, found) if found else peak
        return found or EMPTY_ROOT
