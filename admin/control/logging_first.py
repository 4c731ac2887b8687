"""Log before enforce: whatever is to come into force is logged first, and comes into force with the proof of that.

One change at a time goes from its manifest over the log into force; compiling happens before its turn. The kill switch waits
for nobody: what is switched off is off at once, with the proof of before, and is logged right after. Where no log is kept
(unit tests, tables made offline) everything comes into force at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from admin.api.appliance import LogCondition
from admin.audit.doubt import LogStoppedError
from admin.config import Config
from admin.control.log_keys import pin, put_back
from admin.control.preparing import InPlace
from admin.control.proofs import Proof, UncoveredError
from admin.control.publishing import Published, Publisher
from resolver.runtime.logs import get_logger
from resolver.runtime.tasks import spawn
from resolver.tables.names import current_generation
from resolver.tlog.manifests import Manifest
from resolver.tlog.notes import VerifierKey
from resolver.tlog.state_proof import StateProof

MOST_TURNS = 5
"""Times that one state is logged because somebody decided otherwise about a list in between."""

_log = get_logger("weir.control")


class Log(Protocol):
    """The public log (``admin.control.public_log``)."""

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The keys by which its proofs are known."""
        ...

    @property
    def wants_state(self) -> bool:
        """Whether it is open and has no state yet: what is in force is proven by an earlier log."""
        ...

    @property
    def condition(self) -> LogCondition:
        """For health and metrics."""
        ...

    async def start(self) -> None:
        """Open it. What fails is said by whatever is logged next."""
        ...

    async def put_in(self) -> None:
        """Log all events that wait. LogStoppedError."""
        ...

    async def publish(self, manifest: Manifest, snap: str) -> StateProof:
        """Log that this state is about to be in force, bound to these files, with the events that led to it.

        LogStoppedError: it is not logged, and the message says why.
        """
        ...


Describe = Callable[[InPlace], Manifest]
"""The manifest of a state; in a thread. OSError, ValueError."""
Deliver = Callable[[], Awaitable[None]]
"""Brings the events that wait in records to the database, from where the log takes them."""


class LogFirst:
    """The one way into force, for one event loop."""

    def __init__(self, publisher: Publisher, describe: Describe, deliver: Deliver) -> None:
        """No log is kept until ``keep``."""
        self._publisher, self._describe, self._deliver = publisher, describe, deliver
        self._log: Log | None = None
        self._vkeys: Path | None = None
        self._lock = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._pinned: tuple[VerifierKey, ...] = ()
        """The keys that the data plane knows what is in force by."""
        self.problem = ""
        """Why what was decided waits, or is in force and not in the log; empty when nothing is so."""

    def keep(self, log: Log, vkeys: Path) -> None:
        """Log first, from now on. ``vkeys`` is where the log writes its keys for everybody."""
        self._log, self._vkeys = log, vkeys
        self._publisher.proofs.are_kept = True

    def open(self) -> None:
        """Begin to open the log: on a new box that takes as long as many a list, and neither waits for the other."""
        self._see_keys()
        if self._log is not None:
            _ = spawn(self._log.start(), name="open the public log")

    @property
    def condition(self) -> LogCondition | None:
        """That of the log; None where none is kept."""
        return None if self._log is None else self._log.condition

    @property
    def keeps_log(self) -> bool:
        """Whether a log is kept."""
        return self._log is not None

    @property
    def is_back(self) -> bool:
        """Whether the log goes on and what has waited for it does not know yet."""
        return bool(self.problem) and self._log is not None and not self._log.condition.problem

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Within, nobody else takes a state from the log into force. Not to be nested."""
        async with self._lock:
            yield

    async def put(self, put: InPlace, take: Callable[[Proof | None], Published | None]) -> Published | None:
        """Log a state, then let ``take`` (in a thread) put it into force. The caller has the turn.

        LogStoppedError: nothing has changed. OSError, ValueError and what ``take`` raises: it may be in the log, and
        is not in force; the next state that is logged says so.
        """
        for _ in range(MOST_TURNS - 1):
            proof = await self.logged(put)
            try:
                return await self._take(take, proof)
            except UncoveredError:
                continue  # a suspension has ended meanwhile
        return await self._take(take, await self.logged(put))

    async def logged(self, put: InPlace) -> Proof | None:
        """The proof that a state is in the log, where it is put if it is not there yet. The caller has the turn."""
        if self._log is None:
            return None
        try:
            await self._deliver()
            manifest, snap = await asyncio.to_thread(self._described, put)
            given = await self._log.publish(manifest, snap)
        except LogStoppedError as error:
            self._tell(str(error))
            raise
        state = self._publisher.proofs.state
        # Where nothing is in force yet there is nothing that could end by this.
        await asyncio.to_thread(pin, state, self._log.verifiers, is_proven=current_generation(state) is None)
        return Proof.of(given)

    async def told(self) -> None:
        """Every event that is recorded is in the log when this returns. LogStoppedError, also where no log is kept."""
        if self._log is None:
            raise LogStoppedError("no public log is kept here")
        await self._deliver()
        await self._log.put_in()

    async def ahead(self, config: Config, *, by_itself: bool = False) -> Published | None:
        """Put into force at once what is enforced of the lists now, and log it right after; None if nothing is in force.

        More than was logged waits for the log (LogStoppedError), unless the log is stopped, has said the same before, and
        a suspension's time is over (``by_itself``): then it ends. UncoveredError if that cannot be shown.
        """
        try:
            done = await asyncio.to_thread(self._publisher.publish_again, config)
        except UncoveredError:
            try:
                async with self.turn():
                    return await self.again()
            except LogStoppedError:
                if not by_itself:
                    raise
                done = await asyncio.to_thread(self._publisher.publish_again, config, from_before=True)
        self.follow()
        return done

    def follow(self) -> None:
        """Begin to log what is in force, if it is ahead of the log or proven by a log or keys that are no more.

        Which versions an earlier process has put there this one may not know yet: the next whole state says it.
        """
        self._see_keys()
        put = self._publisher.in_force
        is_known = put is not None and put.prepared.lists is not None
        if is_known and self._is_owed and (self._following is None or self._following.done()):
            self._following = spawn(self._follow(), name="log what is in force")

    @property
    def _is_owed(self) -> bool:
        log = self._log
        if log is None:
            return False
        has_other_keys = bool(log.verifiers) and log.verifiers != self._pinned
        return self._publisher.is_ahead or log.wants_state or has_other_keys

    def _see_keys(self) -> None:
        """Without its keys a worker that starts takes nothing, and the log may be stopped for long."""
        if self._vkeys is not None:
            with contextlib.suppress(OSError):  # looked at again with the next step
                if put_back(self._publisher.proofs.state, self._vkeys):
                    _log.warning("the keys of the log were gone from the state folder, and are put back")

    async def stop(self) -> None:
        """Give up what is being logged: the next start logs it."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait({self._following})

    async def _follow(self) -> None:
        try:
            async with self.turn():
                await self.again()
        except LogStoppedError:
            return  # said; whoever drives us tries again
        except (OSError, ValueError) as error:
            self._tell(f"what is in force cannot be logged: {error}")

    async def again(self) -> Published | None:
        """Log what is in force for all as it should be now, and put it into force so. The caller has the turn."""
        put = self._publisher.in_force
        if put is None:
            raise LogStoppedError("nothing of this process is in force yet")
        return await self.put(put, self._publisher.again)

    def _described(self, put: InPlace) -> tuple[Manifest, str]:
        return self._describe(put), self._publisher.snap(put)

    async def _take(
        self, take: Callable[[Proof | None], Published | None], proof: Proof | None
    ) -> Published | None:
        done = await asyncio.to_thread(take, proof)
        if self._log is not None and not self._publisher.is_ahead:
            self._tell("")
            keys = self._log.verifiers
            await asyncio.to_thread(pin, self._publisher.proofs.state, keys, is_proven=True)
            self._pinned = keys
        return done

    def _tell(self, problem: str) -> None:
        if problem and problem != self.problem:
            _log.error("THE LOG IS STOPPED: changes wait, and what serves goes on", reason=problem)
        elif self.problem and not problem:
            _log.info("the log is written again")
        self.problem = problem
