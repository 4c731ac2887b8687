"""What the API may ask control about commitments in the public log: what opens them, and that an event is in it. A contract."""

from __future__ import annotations

from typing import Protocol

from admin.api.list_life import Part
from blocklists.digesting import Opened
from resolver.tlog.manifests import ListState


class Seats:
    """How many openings are being served."""

    def __init__(self) -> None:
        self.taken = 0


class Archive(Protocol):
    """Texts behind the log's commitments. Who may have them is not decided here."""

    async def opened(self, list_id: str, state: ListState, part: Part) -> Opened:
        """What opens the commitment to a part of a list in a state. NotFoundError if it cannot be opened (any more)."""
        ...

    async def logged(self) -> None:
        """Every event that is recorded now is in the public log when this returns. LogStoppedError."""
        ...
