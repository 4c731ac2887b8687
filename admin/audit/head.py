"""How far a log has come: the lock row as a value, and what an append makes of it. Frozen values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from admin.audit.bundles import Tree
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.tree import EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Head:
    """One log as it is locked; ``size`` 0 is one that is yet to begin."""

    origin: str
    series: str
    """What the logs of one box have in common."""
    number: int
    """1, 2, 3 … within the series."""
    size: int = 0
    root: bytes = EMPTY_ROOT
    note: bytes = b""
    """The signed checkpoint of this size."""
    time: int = 0
    """``t`` of the last leaf, POSIX seconds."""
    state: str = ZERO_HASH
    """``state`` of the last leaf."""
    bound: int | None = None
    """The index of the last leaf of type ``publish``."""
    events: int = 0
    """The sequence of the last event that was looked at."""
    closed: bool = False

    @property
    def tree(self) -> Tree:
        """Size and root."""
        return Tree(self.size, self.root)


@dataclass(frozen=True, slots=True)
class LogLeaf:
    """One leaf with what is kept beside it."""

    seq: int
    data: bytes
    event: int | None = None
    """The sequence of the event that it tells of."""
    priv: bytes | None = None
    opening: bytes | None = None


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key with the leaves it is good for: it signs the checkpoints of sizes above ``since``, up to ``until``."""

    key_id: str
    """Hexadecimal."""
    vkey: str
    since: int
    until: int | None = None
    added: int = 0
    """``t`` of the leaf that added it."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that one append changes in the database, all or nothing."""

    before: Head
    after: Head
    leaves: Sequence[LogLeaf]
    manifests: Sequence[tuple[str, bytes]] = ()
    keys: Sequence[LogKey] = ()
    """Keys that are added, or that change their ``until``."""


@dataclass(frozen=True, slots=True)
class History:
    """What the database knows of one log."""

    head: Head
    keys: tuple[LogKey, ...] = field(default=())

    @property
    def active(self) -> tuple[LogKey, ...]:
        """The keys that sign now, in the order in which they were added."""
        return tuple(key for key in self.keys if key.until is None)


class Ledger(Protocol):
    """The log's part of the database. LogStoppedError while that is away; DoubtError if another writer was faster."""

    async def newest(self, series: str) -> History | None:
        """The log of this series that was begun last."""

    def commit(self, commit: Commit) -> None:
        """Compare the lock row with ``before`` and put ``after`` in its place, with all else. In a thread of its own."""

    async def leaves(self, origin: str, start: int, count: int) -> Sequence[bytes]:
        """Leaves in their order."""

    async def manifests(self, states: Sequence[str]) -> Sequence[tuple[str, bytes]]:
        """Those of these manifests that are kept."""
