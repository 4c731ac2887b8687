"""What opens the commitments in the public log: the kept versions of lists, and the edits that hold. Never who may have it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from admin.api.list_life import Part
from admin.control.lists import ListKeeper
from admin.control.logging_first import LogFirst
from admin.services.errors import NotFoundError
from blocklists.digesting import Opened
from blocklists.edits import Edit
from blocklists.model import ListSource
from blocklists.version_digests import committed
from resolver.tlog.manifests import ListState


@dataclass(frozen=True, slots=True)
class Archive:
    """Implements ``admin.api.archive.Archive``."""

    keeper: ListKeeper
    sources: Callable[[], Iterable[ListSource]]
    """The lists of the configuration in force."""
    held_edits: Callable[[str], Sequence[Edit]]
    first: LogFirst

    async def opened(self, list_id: str, state: ListState, part: Part) -> Opened:
        """As ``Archive.opened``."""
        source = next((one for one in self.sources() if one.id == list_id), None)
        if source is None:
            raise NotFoundError(f"list {list_id} is not configured any more, so nothing of it can be opened")
        if part is Part.EDITS and state.edits is None:
            raise NotFoundError(f"list {list_id}: nobody had changed single entries of it in that state")
        look = self._edits if part is Part.EDITS else self._entries
        found = await asyncio.to_thread(look, source, state)
        if found is None:
            raise NotFoundError(
                f"list {list_id}: what the log commits to in that state ({part}) cannot be opened here any more: it is no "
                "longer kept, or was erased"
            )
        return found

    async def logged(self) -> None:
        """As ``Archive.logged``."""
        await self.first.told()

    def _entries(self, source: ListSource, state: ListState) -> Opened | None:
        return self.keeper.digester.opened(source, state.commit) if state.commit else None

    def _edits(self, source: ListSource, state: ListState) -> Opened | None:
        """The edits that hold now, if they are those of the state: earlier ones are kept nowhere."""
        if state.edits is None or not state.edits.commit:
            return None
        found = self.keeper.digester.opened_edits(source, self.held_edits(source.id))
        if found is None or not found.opening or committed(found.opening, found.text) != state.edits.commit:
            return None
        return found
