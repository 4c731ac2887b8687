"""The fetches that run: begun, waited for, and what follows when one has ended. For one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from admin.control.lists import ListKeeper
from resolver.runtime.tasks import spawn


class Fetching:
    """Lets the keeper fetch, each list once at a time."""

    def __init__(
        self,
        keeper: ListKeeper,
        came: Callable[[str], Awaitable[None]],
        same: Callable[[str], None],
        ended: Callable[[], None],
    ) -> None:
        """``came`` is told of lists with something new, ``same`` of those without, ``ended`` of every end."""
        self._keeper, self._came, self._same, self._ended = keeper, came, same, ended
        self.running: dict[str, asyncio.Task[None]] = {}
        """By list."""

    def begin(self, list_id: str) -> None:
        """Fetch a list, unless that is being done."""
        if list_id not in self.running:
            self.running[list_id] = spawn(self._fetch(list_id), name=f"fetch {list_id}")

    def again(self, list_id: str) -> int:
        """The same; the number that the list's attempts have when that has ended."""
        self.begin(list_id)
        return self._keeper.attempts(list_id) + 1

    async def first(self, list_ids: Collection[str], limit: float) -> None:
        """Fetch these, and wait for them for ``limit`` seconds; the others follow when they come."""
        for list_id in list_ids:
            self.begin(list_id)
        if tasks := [self.running[list_id] for list_id in list_ids]:
            await asyncio.wait(tasks, timeout=limit)

    def stop(self) -> None:
        """Give up what is being fetched."""
        for task in self.running.values():
            task.cancel()

    async def _fetch(self, list_id: str) -> None:
        try:
            if await self._keeper.fetch(list_id):
                await self._came(list_id)
            else:
                self._same(list_id)
        finally:
            del self.running[list_id]
            self._keeper.ended(list_id)
            self._ended()
