"""How far the fetches have come that run now, for the API and the command line."""

from __future__ import annotations

from blocklists.sources import Progress


class ProgressBoard:
    """The last word of every fetch that runs. For one event loop."""

    def __init__(self) -> None:
        """Nothing is being fetched."""
        self._last: dict[str, Progress] = {}

    def note(self, progress: Progress) -> None:
        """A fetch has come so far (``blocklists.sources.Report``)."""
        self._last[progress.list_id] = progress

    def forget(self, list_id: str) -> None:
        """A fetch is over."""
        self._last.pop(list_id, None)

    def of(self, list_id: str) -> Progress | None:
        """Where the fetch of a list stands; None if none runs."""
        return self._last.get(list_id)
