"""The generation in force as this process looks at it: opened once, for whoever asks what a name would be answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

from blocklists.snapshot.readings import Readings
from resolver.tables.names import current_generation
from resolver.tables.view import View


class CurrentView:
    """Owns one view. For one event loop."""

    def __init__(self, state: Path, readings: Readings) -> None:
        """``state`` is the folder of generations; ``readings`` has the key of secret lists."""
        self._state, self._readings = state, readings
        self._view: View | None = None

    async def get(self) -> View:
        """The view of what is in force now. TablesError or SnapshotError if there is none."""
        generation = current_generation(self._state)
        if self._view is None or self._view.tables.generation != generation:
            self._view = await asyncio.to_thread(View.open, self._state, self._readings.index_key)
        return self._view
