"""One event as it is exported: what the database has of it, and its place in the public log. Frozen values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from admin.audit.events import Detail


@dataclass(frozen=True, slots=True)
class Exported:
    """An event. ``origin``, ``index`` and ``leaf_hash`` are those of its leaf; empty and None for one that has no leaf."""

    node: str
    """The box that exports it."""
    sequence: int
    """Its number among all events: the cursor of an export."""
    at: float
    """Unix seconds."""
    kind: str
    actor_kind: str
    actor_id: str
    holder: str
    subject: str
    before: str
    after: str
    reason: str
    detail: Mapping[str, Detail]
    origin: str = ""
    index: int | None = None
    leaf_hash: str = ""
    """SHA-256 of the leaf as it is in the tree, hexadecimal."""

    @property
    def uid(self) -> str:
        """Unique among all that this box exports: ``origin#index``, or by its number where it has no leaf."""
        if self.index is None:
            return f"{self.node}/events#{self.sequence}"
        return f"{self.origin}#{self.index}"

    @property
    def time(self) -> str:
        """RFC 3339 in UTC, to the microsecond."""
        moment = datetime.fromtimestamp(self.at, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond:06}Z"

    @property
    def words(self) -> str:
        """One line for people."""
        about = f" {self.subject}" if self.subject else ""
        by = self.holder or f"{self.actor_kind}:{self.actor_id}"
        why = f": {self.reason}" if self.reason else ""
        return f"{self.kind}{about} by {by}{why}"
