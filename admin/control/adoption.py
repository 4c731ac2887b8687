"""The effective configuration on its way into force: the file's and the database's part, merged, published, kept.

Two ways lead into force and must not wait for each other: whole states, which may take seconds to compile, and single
subscribers, which must take milliseconds. Whichever comes second starts from what the first has put into force.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from functools import partial

from admin.config import Config
from admin.control.logging_first import LogFirst
from admin.control.preparing import Prepared, Preparer, Step
from admin.control.proofs import Proof
from admin.control.publishing import Published, Publisher
from admin.control.storage import Storage
from admin.services.effective import Merged, merge, merge_subscribers
from admin.services.stored import NOTHING_STORED
from resolver.runtime.logs import get_logger

_log = get_logger("weir.control")


class Adoption:
    """Owns what is in force and what is to be."""

    def __init__(
        self,
        declared: Config,
        storage: Storage,
        preparer: Preparer,
        publisher: Publisher,
        first: LogFirst,
    ) -> None:
        """Nothing is in force before ``publish``; ``declared`` stands for it until then."""
        self._storage, self._preparer = storage, preparer
        self._publisher, self._first = publisher, first
        self._lock = threading.Lock()
        """Held while something goes into force."""
        self.in_force = merge(declared, NOTHING_STORED)
        self.wanted = self.in_force
        """Another than ``in_force`` while it is being published, and until a failed publication has succeeded."""

    @property
    def is_known(self) -> bool:
        """Whether the database was read: only then does anybody know who its subscribers are."""
        return self._storage.stored is not None

    def waits(self, sequence: int, problem: str) -> str:
        """Why what the database said up to this event is not in force: ``problem``, if publishing failed; empty if it is."""
        pending, known = self._storage.pending, self.in_force.stored.sequence
        # Where a database has gone back, what is in force may be of a later event of one that is no more.
        if not pending or (known >= sequence and not pending.whole):
            return ""
        return (
            problem
            or self._first.problem
            or "another change comes into force first; this one follows in a moment"
        )

    async def merged(self, declared: Config) -> Merged:
        """The file's part with the database's, as that was read last."""
        return await asyncio.to_thread(merge, declared, self._storage.stored or NOTHING_STORED)

    async def want_stored(self) -> bool:
        """Want what the database holds now; False if that is wanted already."""
        if not self._storage.pending:
            return False
        before = self.wanted
        self.wanted = await self.merged(before.declared)
        for clash in self.wanted.clashes:
            if clash not in before.clashes:
                _log.error("the database and the configuration do not fit together", problem=clash)
        return True

    async def publish(self) -> Published:
        """Make what is wanted the state in force, once it is logged. LogStoppedError, and the errors of ``Preparer``
        and ``Publisher``.
        """
        while True:
            prepared = await asyncio.to_thread(self._preparer.prepare, self.wanted.config)
            async with self._first.turn():
                if (done := await self._bring(prepared)) is not None:
                    return done

    async def _bring(self, prepared: Prepared) -> Published | None:
        """What was prepared, step by step; None if it is to be prepared anew."""
        done = self._publisher.unchanged
        for step in self._publisher.steps(self.wanted.config, prepared):
            done = await self._first.put(step.put, partial(self._take, step))
            if done is None:
                return None
        return done

    def _take(self, step: Step, proof: Proof | None) -> Published | None:
        if not self._publisher.amend(step.put.prepared, proof):
            return None
        with self._lock:
            wanted = self.wanted  # subscribers may have changed while this was prepared and logged
            put = replace(step.put, config=wanted.config)
            done = self._publisher.take(replace(step, put=put), proof)
            self._adopted(wanted)
        return done

    async def change_subscribers(self) -> bool:
        """Put what changed in the database into force, if that is subscribers alone and there is room for them."""
        names = self._storage.pending.subscribers_alone
        return names is not None and await asyncio.to_thread(self._change_subscribers, names)

    def _change_subscribers(self, names: frozenset[str]) -> bool:
        with self._lock:
            before, stored = self.in_force, self._storage.stored
            if stored is None or before is not self.wanted:
                return False
            after, changes = merge_subscribers(before, stored, names)
            try:
                done = self._publisher.change_subscribers(after.config, changes)
            except OSError:
                return False  # publishing all of it meets the same fault, and says it
            if done:
                self._adopted(after)
        return done

    def _adopted(self, merged: Merged) -> None:
        self.in_force = self.wanted = merged
        self._storage.adopted(merged.stored)
