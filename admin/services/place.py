"""Where everything lies below ``data_dir``; one list of folders for all who use them.

::

    state/    generations that the data plane reads; control alone writes
    run/      counters, locks and lists of processes; every process writes its own files
    lists/    fetched lists; control alone
    vault.key    the box's vault key, where the configuration names none; control alone
    log/         the public log, for everybody
    log.vkey     the keys by which it is checked, for everybody
    log-staging/ what is about to be in the log; control alone
    log-page/    what the page beside the public log is made of; control alone
    log-keys/    what signs the log, where the configuration names no key, and the key of its pseudonyms; control alone
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

    @property
    def log(self) -> Path:
        """The public log."""
        return self.data_dir / "log"

    @property
    def log_vkey(self) -> Path:
        """The keys by which the public log is checked, one a line."""
        return self.data_dir / "log.vkey"

    @property
    def log_staging(self) -> Path:
        """What is about to be in the public log."""
        return self.data_dir / "log-staging"

    @property
    def log_keys(self) -> Path:
        """What signs the public log."""
        return self.data_dir / "log-keys"

    @property
    def log_page(self) -> Path:
        """What the page beside the public log is made of."""
        return self.data_dir / "log-page"

    def create(self) -> None:
        """Make what is missing; what exists keeps its owner and rights. OSError as from mkdir(2)."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        folders = {
            self.state: _READABLE,
            self.run: _SHARED,
            self.lists: _PRIVATE,
            self.log_staging: _PRIVATE,
            self.log_keys: _PRIVATE,
            self.log_page: _PRIVATE,
        }
        for path, mode in folders.items():
            path.mkdir(mode=mode, exist_ok=True)
