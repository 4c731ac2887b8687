"""What the log is given of control: the manifest of a state, and the events that wait in the records of lists."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable

from admin.control.announcing import Announcer
from admin.control.editing import Editor
from admin.control.lists import ListKeeper
from admin.control.log_state import describe
from admin.control.preparing import InPlace
from admin.store.errors import StoreError
from blocklists.model import ListSource
from blocklists.snapshot.readings import Readings
from resolver.tlog.manifests import Manifest


class LogInputs:
    """Asks the parts of control."""

    def __init__(
        self,
        keeper: ListKeeper,
        editor: Editor,
        readings: Readings,
        announcer: Announcer,
        connect: Callable[[], Awaitable[object]],
    ) -> None:
        """``connect`` opens the database, or raises StoreError."""
        self._keeper, self._editor, self._readings = keeper, editor, readings
        self._announcer, self._connect = announcer, connect

    def describe(self, put: InPlace) -> Manifest:
        """What the log is to say of a state that is about to be in force; in a thread. OSError, ValueError."""
        guard = self._readings.guard
        return describe(put.config, put.prepared.lists, self._keeper, self._editor.edits, guard)

    async def deliver(self, sources: Iterable[ListSource]) -> None:
        """Bring the events of these lists to the database; it is opened first, for the log cannot do without it either."""
        with contextlib.suppress(StoreError):
            await self._connect()
        await self._announcer.deliver(self._keeper.lives, [source.id for source in sources])
