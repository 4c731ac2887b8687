"""Where everything lies below ``data_dir``; one list of folders for all who use them.

::

    state/    generations that the data plane reads; control alone writes
    run/      counters, locks and lists of processes; every process writes its own files
    lists/    fetched lists; control alone
    vault.key    the box's vault key, where the configuration names none; control alone
    owed-events  events that the database does not have yet; control alone
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_SHARED = 0o770
_READABLE = 0o750
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one appliance."""

    data_dir: Path

    @property
    def state(self) -> Path:
        """Published generations."""
        return self.data_dir / "state"

    @property
    def run(self) -> Path:
        """Files of running processes."""
        return self.data_dir / "run"

    @property
    def lists(self) -> Path:
        """Fetched lists."""
        return self.data_dir / "lists"

    @property
    def vault_key(self) -> Path:
        """The box's own vault key."""
        return self.data_dir / "vault.key"

    @property
    def next_vault_key(self) -> Path:
        """The key that is to take its place, while a rotation is under way."""
        return self.data_dir / "vault.key.new"

    @property
    def owed_events(self) -> Path:
        """Events on their way to the database (``owed_events``)."""
        return self.data_dir / "owed-events"

    def create(self) -> None:
        """Make what is missing; what exists keeps its owner and rights. OSError as from mkdir(2)."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        for path, mode in ((self.state, _READABLE), (self.run, _SHARED), (self.lists, _PRIVATE)):
            path.mkdir(mode=mode, exist_ok=True)
