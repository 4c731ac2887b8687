"""A new state on the first worker: watched beside the others, then given to all, or rolled back with the reason."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from admin.api.appliance import ListCondition
from admin.audit.doubt import LogStoppedError
from admin.config import Config
from admin.control.clocks import Clocks
from admin.control.decisions import Decisions
from admin.control.logging_first import LogFirst
from admin.control.proofs import UncoveredError
from admin.control.publishing import Published, Publisher
from admin.control.record import Record
from admin.control.trying import WORKERS_TO_TRY
from admin.services.actors import Actor, ActorKind
from admin.services.build import worker_count
from admin.services.errors import ConflictError
from admin.services.serving import read_pages, resolver_name
from admin.services.staging import Numbers, Outcome, Trial, judged
from resolver.runtime.logs import get_logger

LOOK = 1.0
"""Seconds between looks at the counters of the workers."""
_BY_TRIAL = Actor.of_the_box(ActorKind.SCHEDULE, "staging")
_log = get_logger("weir.control")


class Trials:
    """Watches what ``Publisher`` lets the first worker try out."""

    def __init__(self, publisher: Publisher, first: LogFirst, run: Path, clocks: Clocks) -> None:
        """``run`` is where the workers' counters lie."""
        self._publisher, self._first, self._run, self._clocks = publisher, first, run, clocks
        self._trial: Trial | None = None

    async def look(self, decisions: Decisions, config: Config, record: Record) -> None:
        """Give to all what was tried out well, and take back what was not. A full disk, a log that is stopped: tried again
        at the next look.
        """
        with contextlib.suppress(OSError, UncoveredError, LogStoppedError):
            if (done := await self._step(decisions, config)) is not None:
                record.published(*done)

    async def _step(self, decisions: Decisions, config: Config) -> Published | None:
        """What is in force for all now, if that has just changed."""
        tried = self._publisher.tried
        if tried is None:
            self._trial = None
            return None
        now, numbers = self._clocks.monotonic(), await asyncio.to_thread(self._numbers, config)
        generation = tried.state.tables.generation
        if self._trial is None or self._trial.generation != generation:
            staging = config.admin.gates.staging
            self._trial = Trial(generation, now, staging.watch.seconds, staging.queries, numbers)
        outcome, why = judged(self._trial, numbers, now)
        if outcome is Outcome.PROMOTE:
            _log.info("a new state was tried out and goes to all workers", reason=why)
            async with self._first.turn():
                return await self._first.put(tried.put, partial(self._publisher.promote, tried))
        if outcome is Outcome.ROLL_BACK:
            await asyncio.to_thread(self._publisher.withdraw)
            await self._roll_back(decisions, tried.lists, why)
        return None

    async def _roll_back(self, decisions: Decisions, lists: tuple[str, ...], why: str) -> None:
        for list_id in lists:
            _log.error("A NEW VERSION FAILED ITS TRIAL and is rolled back", list=list_id, reason=why)
            try:
                await decisions.roll_back(
                    _BY_TRIAL, list_id, f"Tried out on one worker: {why}.", "", hold=False
                )
            except ConflictError as error:  # somebody was faster
                _log.warning("the version that failed its trial is not rolled back", reason=str(error))

    def _numbers(self, config: Config) -> list[Numbers]:
        """The counters of the workers, of the one that tries out first."""
        return [read_pages(self._run, resolver_name(slot)) for slot in range(worker_count(config))]

    def told(self, conditions: Iterable[ListCondition], config: Config) -> tuple[ListCondition, ...]:
        """The conditions of lists, with what is to be said of trials."""
        tried = self._publisher.tried
        names = () if tried is None else tried.lists
        staged = {item.id for item in config.lists if item.staged}
        return tuple(
            _told(item, config, names) if item.id in staged or item.id in names else item
            for item in conditions
        )


def _told(condition: ListCondition, config: Config, tried: tuple[str, ...]) -> ListCondition:
    words = ""
    if condition.id in tried:
        words = "The new version is tried out on the first worker."
    elif worker_count(config) < WORKERS_TO_TRY:
        words = "New versions are not tried out on one worker first: that needs two (resolver.workers)."
    return replace(condition, message=f"{condition.message} {words}".strip())
