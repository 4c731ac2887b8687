"""The generation in force, as its publisher holds it: subscribers and profiles are changed in place where that is enough.

The configuration stays the journal of truth: a start publishes anew from it, so nothing that is edited here is the only
copy of anything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path

from admin.config import Config
from admin.config.people import ProfileConfig
from admin.services.build import build_assignments, build_tables, policy_book
from admin.services.effective import SubscriberChange
from admin.services.policies import PolicyBook
from admin.services.terms import UNLOGGED, Terms
from blocklists.model import Bit
from blocklists.snapshot.bits import plan_digest
from blocklists.snapshot.metadata import ClientTrigger
from resolver.core.native import NO_POLICY, TablesFullError
from resolver.tables import store
from resolver.tables.heard import heard
from resolver.tables.model import ClientEntry, Tables
from resolver.tables.names import linked_generation
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
        proof: bytes = b"",
    ) -> None:
        """``config`` and ``triggers`` (what the compiled lists say about clients) are what ``tables`` and ``clients`` were
        made from, ``proof`` lies beside them; takes over the writer.
        """
        self._triggers = triggers
        self.tables = tables
        self._config = config
        self._clients = clients
        self._state = state
        self._file = self._path.stat().st_ino
        self._proof = proof
        self.is_staged = False
        """Whether the first worker alone obeys it."""

    def edit(
        self, config: Config, snapshot: str, bits: tuple[Bit, ...], terms: Terms = UNLOGGED
    ) -> Changes | None:
        """Put a configuration into force in place; None if that takes a new generation.

        In place goes what differs in subscribers and profiles alone, over the compiled lists in the file ``snapshot``
        with these ``bits``, while there is room. The proof of the ``terms`` is there first. OSError if the disk fails: the
        configuration before is then in force.
        """
        if not self.fits(config, snapshot, bits, terms):
            return None
        self.prove(terms.proof)
        try:
            changes = self._clients.apply(build_assignments(config, bits, self.tables.lists, self._triggers))
        except TablesFullError:
            return None
        except OSError:
            with contextlib.suppress(OSError, TablesFullError):
                self._clients.apply(build_assignments(self._config, bits, self.tables.lists, self._triggers))
            raise
        self._config = config
        return changes

    def edit_subscribers(
        self,
        config: Config,
        changes: Collection[SubscriberChange],
        snapshot: str,
        bits: tuple[Bit, ...],
        terms: Terms = UNLOGGED,
    ) -> Changes | None:
        """Like ``edit``, for a configuration that differs from the one before in these subscribers alone.

        What it takes does not grow with the number of subscribers. OSError: the change may or may not be in force.
        """
        if not self.fits(config, snapshot, bits, terms):
            return None
        if self._triggers:  # what zones say about clients cuts through any prefix
            return self.edit(config, snapshot, bits, terms)
        book = policy_book(config, _profiles(config, changes), heard(bits, self.tables.lists))
        entries = {entry.network: entry for entry in _entries(book, changes)}
        try:
            done = self._clients.change(entries.values(), book.policies())
        except TablesFullError:
            return None
        self._config = config
        return done

    def prove(self, proof: bytes) -> None:
        """Let this be the proof of the generation, if it is another one than before. OSError leaves the one before."""
        if proof not in (b"", self._proof):
            store.write_proof(self._state, self.tables.generation, proof)
            self._proof = proof

    def fits(self, config: Config, snapshot: str, bits: tuple[Bit, ...], terms: Terms) -> bool:
        """Whether nothing but subscribers and profiles differs from what is in force."""
        generation, created = self.tables.generation, self.tables.created
        wanted = build_tables(config, generation, snapshot, created, terms.enforced)
        return wanted == self.tables and plan_digest(bits) == self._clients.plan and self._stands()

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
                and linked_generation(self._state, staged=self.is_staged) == self.tables.generation
            )
        except OSError:
            return False


def _profiles(config: Config, changes: Collection[SubscriberChange]) -> dict[str, ProfileConfig]:
    """Those that are needed; there may be thousands of others."""
    return {change.after.profile: config.profiles[change.after.profile] for change in changes if change.after}


def _entries(book: PolicyBook, changes: Collection[SubscriberChange]) -> Iterator[ClientEntry]:
    """Every prefix of before without a policy, then every prefix of now with its own: the last of a prefix counts."""
    for change in changes:
        for prefix in change.before.addresses if change.before else ():
            yield ClientEntry(prefix.network, NO_POLICY)
    for change in changes:
        if change.after is not None:
            number = book.number_for(change.after)
            for prefix in change.after.addresses:
                yield ClientEntry(prefix.network, number)
