"""Keys that follow one another, and logs that do: what is decided about the public log itself, by people or by the calendar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from admin.audit.doubt import DoubtError, LogStoppedError
from admin.audit.events import Event
from admin.audit.head import History
from admin.audit.series import SeriesError, following
from admin.audit.signing import SignerError
from admin.audit.writer import Writer
from admin.config import Config
from admin.control.clocks import Clocks
from admin.control.log_changes import key_added, key_retired, log_closed
from admin.control.log_keeper import LogKeeper
from admin.services.actors import Actor, ActorKind
from resolver.runtime.logs import get_logger

COMPROMISE = "compromise"
OVERLAP = 30 * 86_400
"""Seconds for which an old and a new key both sign."""

_journal = get_logger("weir.log")


class Log(Protocol):
    """The log, as far as it is needed here (``admin.control.public_log``)."""

    async def ready(self) -> Writer:
        """The log that is written. LogStoppedError."""

    async def tell(self, event: Event, actor: Actor) -> None:
        """Record an event, and put it in. LogStoppedError."""

    def forget(self) -> None:
        """Open the log anew before the next use."""


class LogSuccession:
    """Whoever calls has the log's turn."""

    def __init__(self, config: Callable[[], Config], keeper: LogKeeper, clocks: Clocks, log: Log) -> None:
        """``config`` gives the configuration in force."""
        self._config, self._keeper, self._clocks, self._log = config, keeper, clocks, log

    async def see_to_keys(self, writer: Writer) -> Writer:
        """Follow the configuration to another key, and retire the one before when its time is over; the log thereafter."""
        active = writer.history.active
        if len(active) > 1 and self._clocks.unix() - active[1].added >= OVERLAP:
            await self.retire(writer, Actor.of_the_box(ActorKind.SCHEDULE, "key"), "")
        elif self._config().audit.next_key is not None and len(active) == 1:
            try:
                fresh = await self._keeper.fresh_keys(writer.history)
            except SignerError as error:
                raise LogStoppedError(str(error)) from error
            if fresh:
                await self.add_key(writer, Actor.of_the_box(ActorKind.SCHEDULE, "key"), "")
        return await self._log.ready()

    async def add_key(self, writer: Writer, actor: Actor, reason: str) -> str:
        """Let another key sign too; its vkey. LogStoppedError."""
        if len(writer.history.active) > 1:
            raise LogStoppedError("two keys sign already; retire the older one first: weir audit retire-key")
        try:
            key = await self._keeper.another_key(writer.history)
        except (SignerError, OSError) as error:
            raise LogStoppedError(f"there is no other key to sign with: {error}") from error
        self._log.forget()  # the signer was started again, with this key
        await self._log.tell(key_added(writer.head.origin, key.text, reason), actor)
        return key.text

    async def retire(self, writer: Writer, actor: Actor, reason: str) -> str:
        """Let the oldest key sign no more; its vkey. LogStoppedError."""
        active = writer.history.active
        if len(active) < 2:
            raise LogStoppedError("one key signs the log; let another sign first: weir audit rotate-key")
        old = active[0]
        await self._log.tell(key_retired(writer.head.origin, old.vkey, reason), actor)
        try:
            await self._keeper.drop_key(old, (await self._log.ready()).history)
        except OSError as error:
            _journal.error(
                "a retired key of the public log is not destroyed; remove its file", problem=str(error)
            )
        self._log.forget()
        return old.vkey

    async def end(self, writer: Writer, why: str, actor: Actor, reason: str) -> str:
        """Close the log; returns the origin of the one to follow."""
        try:
            origin = following(self._keeper.series, writer.head.origin, self._clocks.unix())
        except SeriesError as error:
            raise DoubtError(f"the public log cannot go on: {error}") from error
        vkey = await self._next_key(writer.history, origin, is_stolen=why == COMPROMISE)
        await self._log.ready()
        await self._log.tell(log_closed(writer.head.origin, origin, why, reason, vkey), actor)
        return origin

    async def _next_key(self, history: History, origin: str, *, is_stolen: bool) -> str:
        """The key of the log to follow, for this one to name; none where this one's is stolen, for its thief could name
        another. LogStoppedError.
        """
        try:
            if is_stolen:
                await self._keeper.refuse_old_key(history, origin, self._clocks.unix())
                return ""
            return (await self._keeper.first_key(origin)).text
        except (SignerError, OSError) as error:
            raise LogStoppedError(f"there is no key for the next log: {error}") from error
        finally:
            self._log.forget()  # the signer has the next log's keys now
