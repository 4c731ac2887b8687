"""The public log as control drives it: what waits goes in, a state goes in before it comes into force, silence is told.

A log that is stopped stops nothing else: what waits goes on waiting, is said in ``problem`` and in the journal, and is tried
again. Only ``publish`` has somebody who waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from admin.api.appliance import LogCondition
from admin.audit.batch import Item
from admin.audit.clock import leaf_time
from admin.audit.doubt import DoubtError, LogStoppedError
from admin.audit.events import Event
from admin.audit.head import Head
from admin.audit.series import is_over, label_of
from admin.audit.writer import Addition, Writer
from admin.config import Config
from admin.control.clocks import Clocks
from admin.control.log_binding import Binding, encoded, last_binding
from admin.control.log_draining import changed_keys
from admin.control.log_feed import LogFeed
from admin.control.log_keeper import MEANS, LogKeeper, Means
from admin.control.log_succession import COMPROMISE, LogSuccession
from admin.services.actors import Actor, ActorKind
from resolver.runtime.logs import get_logger
from resolver.runtime.tasks import uninterrupted
from resolver.tlog import manifests
from resolver.tlog.canonical import FormatError
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.manifests import Manifest
from resolver.tlog.notes import VerifierKey
from resolver.tlog.state_proof import StateProof

if TYPE_CHECKING:
    from admin.store.database import Database
    from admin.store.log import StoreLedger

__all__ = ["DoubtError", "LogCondition", "LogStoppedError", "PublicLog"]

LOOK = 1.0
"""Seconds between looks for events that others have written."""
RETRY = 10.0
"""Seconds between attempts to go on with a log that is stopped."""
SETTLE = 5.0
"""Seconds of rest after which files are made durable, so that this holds up no append."""
MOST_UNSETTLED = 20_000
"""Files that are moved and not yet settled; more would be long to move again after a power cut."""

_log = get_logger("weir.log")


class PublicLog:
    """The log of one box. For one event loop; everything that is added takes its turn."""

    def __init__(
        self,
        config: Callable[[], Config],
        connect: Callable[[], Awaitable[Database]],
        clocks: Clocks,
        means: Means = MEANS,
    ) -> None:
        """``config`` gives the configuration in force, ``connect`` the open database or a StoreError."""
        self._config, self._connect, self._clocks = config, connect, clocks
        self._keeper = LogKeeper(config, means)
        self._feed = LogFeed(means.batch, clocks.unix)
        self._succession = LogSuccession(config, self._keeper, clocks, self)
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._ledger: StoreLedger | None = None
        self._database: Database | None = None
        self._writer: Writer | None = None
        self._binding: Binding | None = None
        self._confirmed = False
        self._failed_at: int | None = None
        """The size at which the last append failed: only a larger log shows that it goes on."""
        self._busy_at = 0.0
        self._condition = LogCondition()

    # ---- what others ask ----

    @property
    def problem(self) -> str:
        """Why nothing can be added now; empty when it can."""
        return self._condition.problem

    @property
    def condition(self) -> LogCondition:
        """For health and metrics."""
        return self._condition

    @property
    def checkpoint(self) -> bytes:
        """The newest signed checkpoint; empty before the log is open."""
        return self._writer.head.note if self._writer is not None else b""

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The keys that sign now; empty before the log is open."""
        keys = self._writer.history.active if self._writer is not None else ()
        return tuple(VerifierKey.parse(key.vkey) for key in keys)

    @property
    def head(self) -> Head | None:
        """How far the log has come; None before it is open."""
        return self._writer.head if self._writer is not None else None

    @property
    def wants_state(self) -> bool:
        """Whether the log is open and publishes no state yet: what is in force is proved by an earlier log, if at all."""
        return self._writer is not None and self._writer.head.bound is None

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """The proof that a leaf is under the newest checkpoint. LogStoppedError while the log is not open."""
        if self._writer is None:
            raise LogStoppedError(self.problem or "the public log is not open yet")
        return self._writer.inclusion(index)

    def nudge(self) -> None:
        """There is something new in the database: look now."""
        self._news.set()

    async def start(self) -> None:
        """Open the log and put in what waits. What fails is said, and tried again by ``run``."""
        with contextlib.suppress(LogStoppedError):
            await self.catch_up()

    async def run(self) -> None:
        """Put in what waits, tell of silence and follow the years, until cancelled."""
        while True:
            self._news.clear()
            with contextlib.suppress(LogStoppedError):
                await self.catch_up()
                await uninterrupted(self._settle_if_idle())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY if self.problem else LOOK):
                    await self._news.wait()

    async def catch_up(self) -> None:
        """Put in what waits and needs no state published with it. LogStoppedError."""
        await uninterrupted(self._catch_up())

    async def put_in(self) -> None:
        """Put in every event that waits, those too whose state is yet to be published. LogStoppedError."""

        async def work() -> None:
            async with self._turn, self._saying():
                await self._drain(await self.ready(), hold=False)

        await uninterrupted(work())

    async def publish(self, manifest: Manifest, snap: str, urls: str = "") -> StateProof:
        """Put a state into the log that is about to be in force, with all events that wait.

        ``snap`` is the SHA-256 of the compiled file, ``urls`` that of the file of URL entries if there is one. What is bound
        to that very state already is not put in again. LogStoppedError: it must not come into force.
        """
        facts = {"snap": snap} | ({"urls": urls} if urls else {})
        return await uninterrupted(self._publish(encoded(manifest), facts))

    # ---- what a person asks ----

    def confirm_clock(self) -> None:
        """The clock is right, though it is far ahead of the last leaf."""
        self._confirmed = True
        self.nudge()

    async def adopt(self) -> None:
        """Go on with the log in this folder, though it is a copy of another. LogStoppedError."""
        await self._keeper.adopt()
        self.nudge()

    async def rotate_key(self, actor: Actor, reason: str) -> str:
        """Let another key sign beside those that do; returns its vkey. LogStoppedError."""

        async def work() -> str:
            async with self._turn, self._saying():
                return await self._succession.add_key(await self.ready(), actor, reason)

        return await uninterrupted(work())

    async def retire_key(self, actor: Actor, reason: str) -> str:
        """Let the oldest key sign no more, and destroy it if it is the box's own; returns its vkey. LogStoppedError."""

        async def work() -> str:
            async with self._turn, self._saying():
                return await self._succession.retire(await self.ready(), actor, reason)

        return await uninterrupted(work())

    async def close_log(self, actor: Actor, reason: str, *, compromised: bool) -> str:
        """End this log and begin another, whose origin is returned. LogStoppedError."""

        async def work() -> str:
            async with self._turn, self._saying():
                writer = await self.ready()
                old = label_of(writer.head.origin)
                why = COMPROMISE if compromised else "other"
                origin = await self._succession.end(writer, why, actor, reason)
                await self.ready()
                if compromised:
                    await asyncio.to_thread(self._keeper.forsake, old)
                return origin

        return await uninterrupted(work())

    async def close(self) -> None:
        """Make what is served durable, and end the signer."""
        async with self._turn:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._keeper.files.settle)
            await self._keeper.close()
            self.forget()

    # ---- appending ----

    async def _catch_up(self) -> None:
        async with self._turn, self._saying():
            writer = await self.ready()
            await self._drain(writer, hold=True)
            if writer.head.closed:
                return
            writer = await self._succession.see_to_keys(writer)
            if is_over(writer.head.origin, self._clocks.unix()):
                await self._succession.end(writer, "year", Actor.of_the_box(ActorKind.SCHEDULE, "year"), "")
                await self.ready()
            elif self._failed_at is not None or self._is_silent(writer.head):
                await self._append(writer, [self._own(LeafType.HEARTBEAT)])

    def _is_silent(self, head: Head) -> bool:
        return self._clocks.unix() - head.time >= self._config().audit.heartbeat.seconds

    async def _publish(self, manifest: bytes, facts: dict[str, str]) -> StateProof:
        async with self._turn, self._saying():
            writer, state = await self.ready(), manifests.digest(manifest)
            is_bound = self._binding is not None and self._binding.says(writer.head, state, facts)
            item = self._own(LeafType.PUBLISH, facts)
            await self._drain(writer, hold=False, last=None if is_bound else (item, state, manifest))
            if writer.head.closed:
                raise LogStoppedError("this log has just ended; the next one is begun in a moment")
            writer = await self.ready()
            assert self._binding is not None, "a state was published just now"
            index, leaf = self._binding.index, self._binding.leaf
            try:
                hashes = await asyncio.to_thread(writer.inclusion, index)
            except (OSError, FormatError) as error:
                raise LogStoppedError(f"tiles of the public log cannot be read: {error}") from error
            return StateProof(writer.head.note, index, leaf, hashes, manifest)

    async def ready(self) -> Writer:
        """The log that is written, opened anew wherever something has failed or it has ended."""
        ledger = await self._ledger_now()
        writer = self._writer
        if writer is None or not writer.is_open or writer.head.closed:
            self.forget()
            now = self._clocks.unix()
            leaf_time(now, 0)
            writer = self._writer = await self._keeper.open(ledger, now)
            self._feed.restart(writer.head.events)
            self._binding = await last_binding(writer.head, ledger)
            if writer.head.size != self._failed_at:
                self._failed_at = None  # it was committed, and is served by now
            self._note(writer.head)
        return writer

    async def _ledger_now(self) -> StoreLedger:
        from admin.store.errors import StoreError

        try:
            self._database = await self._connect()
        except StoreError as error:
            raise LogStoppedError(f"the public log waits for the database: {error}") from error
        if self._ledger is None:
            module = await asyncio.to_thread(import_module, "admin.store.log")
            self._ledger = module.StoreLedger(lambda: self._database)
        return self._ledger

    async def _drain(
        self, writer: Writer, *, hold: bool, last: tuple[Item, str, bytes] | None = None
    ) -> None:
        """Append what waits, in as many batches as it takes; ``last`` is an item of the log's own with its state."""
        assert self._ledger is not None
        more = True
        while more and not writer.head.closed:
            drained, more = await self._feed.next(self._ledger, self._keeper.actor_key, hold=hold)
            if last is not None and not more:
                await self._append(writer, [*drained.items, last[0]], last[1:])
            elif drained.items:
                await self._append(writer, drained.items)

    async def _append(
        self, writer: Writer, items: Sequence[Item], state: tuple[str, bytes] | None = None
    ) -> None:
        """One batch under one checkpoint."""
        head, began = writer.head, self._clocks.monotonic()
        self._failed_at = head.size
        now = leaf_time(self._clocks.unix(), head.time, confirmed=self._confirmed)
        changed = changed_keys(items, head.size, now, writer.history.keys)
        digest, manifest = state or (None, b"")
        addition = Addition(items, now, digest, manifest, self._feed.cursor, changed)
        try:
            await writer.append(addition)
        except FormatError as error:
            raise DoubtError(
                f"something that waits for the public log cannot be written there: {error}"
            ) from error
        self._confirmed, self._failed_at = False, None
        self._busy_at = self._clocks.monotonic()
        if state is not None:  # its leaf is the last of its batch
            self._binding = Binding(head.size + len(items) - 1, writer.last_leaf)
        if changed:
            await self._show(writer)
        self._note(writer.head, self._clocks.monotonic() - began)

    async def _settle_if_idle(self) -> None:
        files = self._keeper.files
        rests = self._clocks.monotonic() - self._busy_at >= SETTLE
        if files.unsettled and (rests or files.unsettled > MOST_UNSETTLED):
            async with self._turn, self._saying():
                try:
                    await asyncio.to_thread(files.settle)
                except OSError as error:
                    raise LogStoppedError(
                        f"the files of the public log are not made durable: {error}"
                    ) from error

    # ---- about itself ----

    async def tell(self, event: Event, actor: Actor) -> None:
        """Record an event about the log itself, and put it in with all that waits before it. For whoever has the turn."""
        assert self._database is not None
        from admin.store.errors import StoreError

        try:
            async with self._database.transaction() as transaction:
                transaction.record(event, actor, self._clocks.unix())
        except StoreError as error:
            raise LogStoppedError(f"the public log waits for the database: {error}") from error
        await self._drain(await self.ready(), hold=False)

    async def _show(self, writer: Writer) -> None:
        try:
            await self._keeper.show(writer.history)
        except OSError as error:
            self.forget()
            raise LogStoppedError(f"the keys of the public log are not shown: {error}") from error

    # ---- the rest ----

    def _own(self, kind: LeafType, facts: dict[str, str] | None = None) -> Item:
        return Item(kind, self._keeper.system, facts or {})

    def _note(self, head: Head, took: float | None = None) -> None:
        """So far the log has come; ``took`` are the seconds of an append."""
        before = self._condition
        self._condition = replace(
            before,
            size=head.size,
            origin=head.origin,
            appends=before.appends + (took is not None),
            seconds=before.seconds + (took or 0.0),
        )

    def _stopped(self, problem: str) -> None:
        if problem != self.problem:
            _log.error("the public log is stopped; what changes waits", problem=problem)
        self._condition = replace(self._condition, problem=problem)

    def forget(self) -> None:
        """Believe nothing of what is in memory: the next use opens the log anew."""
        self._writer, self._binding = None, None

    @contextlib.asynccontextmanager
    async def _saying(self) -> AsyncIterator[None]:
        """Say once why the log is stopped, and once that it goes on."""
        try:
            yield
        except BaseException as error:
            self.forget()
            if isinstance(error, LogStoppedError):
                self._stopped(str(error))
            raise
        if self.problem and self._failed_at is None:
            _log.info("the public log goes on")
            self._condition = replace(self._condition, problem="")
