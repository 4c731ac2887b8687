"""The generation in force, as its publisher holds it: subscribers and profiles are changed in place where that is enough.

The configuration stays the journal of truth: a start publishes anew from it, so nothing that is edited here is the only
copy of anything.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from admin.config import Config
from admin.services.build import build_assignments, build_tables
from blocklists.model import Bit
from blocklists.snapshot.bits import plan_digest
from blocklists.snapshot.metadata import ClientTrigger
from resolver.core.native import TablesFullError
from resolver.tables import store
from resolver.tables.model import Tables
from resolver.tables.writing import Changes, ClientsWriter


class InForce:
    """One generation. Nobody else writes its file of clients until ``close``."""

    def __init__(
        self,
        state: Path,
        config: Config,
        tables: Tables,
        clients: ClientsWriter,
        triggers: tuple[ClientTrigger, ...] = (),
    ) -> None:
        """``config`` and ``triggers`` (what the compiled lists say about clients) are what ``tables`` and ``clients`` were
        made from; takes over the writer.
        """
        self._triggers = triggers
        self.tables = tables
        self._config = config
        self._clients = clients
        self._state = state
        self._file = self._path.stat().st_ino

    def edit(self, config: Config, snapshot: str, bits: tuple[Bit, ...]) -> Changes | None:
        """Put a configuration into force in place; None if that takes a new generation.

        In place goes what differs in subscribers and profiles alone, over the compiled lists in the file ``snapshot``
        with these ``bits``, while there is room. OSError if the disk fails: the configuration before is then in force.
        """
        wanted = build_tables(config, self.tables.generation, snapshot, self.tables.created)
        if wanted != self.tables or plan_digest(bits) != self._clients.plan or not self._stands():
            return None
        try:
            changes = self._clients.apply(build_assignments(config, bits, self._triggers))
        except TablesFullError:
            return None
        except OSError:
            with contextlib.suppress(OSError, TablesFullError):
                self._clients.apply(build_assignments(self._config, bits, self._triggers))
            raise
        self._config = config
        return changes

    def close(self) -> None:
        """Let go of the file."""
        self._clients.close()

    @property
    def _path(self) -> Path:
        return self._state / self.tables.tables

    def _stands(self) -> bool:
        """Whether this is still what readers find in the folder; somebody may have cleared it away."""
        try:
            return (
                self._path.stat().st_ino == self._file
                and store.current_generation(self._state) == self.tables.generation
            )
        except OSError:
            return False
