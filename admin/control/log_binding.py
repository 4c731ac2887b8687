"""Which compiled file the log binds to which state: the last leaf of type ``publish``, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin.audit.doubt import DoubtError
from admin.audit.head import Head
from resolver.tlog import leaves, manifests
from resolver.tlog.canonical import FormatError
from resolver.tlog.manifests import Manifest

if TYPE_CHECKING:
    from admin.store.log import StoreLedger


@dataclass(frozen=True, slots=True)
class Binding:
    """The last leaf that published a state."""

    index: int
    leaf: bytes

    def says(self, head: Head, state: str, facts: Mapping[str, str]) -> bool:
        """Whether just this state, with these files, is what the log has published last."""
        if head.state != state or head.bound != self.index:
            return False
        leaf = leaves.decode(self.leaf)
        return leaf.state == state and dict(leaf.facts) == facts


async def last_binding(head: Head, ledger: StoreLedger) -> Binding | None:
    """That of a log; None if it has published none. LogStoppedError."""
    if head.bound is None:
        return None
    found = await ledger.leaves(head.origin, head.bound, 1)
    return Binding(head.bound, found[0]) if found else None


def encoded(manifest: Manifest) -> bytes:
    """The bytes of a manifest. DoubtError: it cannot stand in the log."""
    try:
        return manifests.encode(manifest)
    except FormatError as error:
        raise DoubtError(f"this state cannot be written in the public log: {error}") from error
