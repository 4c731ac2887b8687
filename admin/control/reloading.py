"""Reading the configuration's file again: all of it comes into force, or nothing changes and the problems are said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from admin.api.appliance import Keys, ReloadResult
from admin.config import Config, ConfigError, load
from admin.control.adoption import Adoption
from admin.control.clocks import Clocks
from admin.control.config_events import asked_by, config_loaded, config_refused, sampling, unchangeable
from admin.control.record import Record
from admin.control.storage import Storage
from admin.control.token import TokenError, read_token
from admin.services.acts import Act
from admin.services.effective import Merged
from resolver.runtime.logs import get_logger

_log = get_logger("weir.control")


class Reloads:
    """Takes configurations, one at a time: whoever calls sees to that."""

    def __init__(
        self,
        adoption: Adoption,
        storage: Storage,
        record: Record,
        clocks: Clocks,
        bring: Callable[[Config], Awaitable[bool]],
        give_up: Callable[[Config], Awaitable[object]],
    ) -> None:
        """``bring`` fetches what a configuration needs and publishes what is wanted, ``give_up`` follows the one before
        again if that failed.
        """
        self._adoption, self._storage, self._record, self._clocks = adoption, storage, record, clocks
        self._bring, self._give_up = bring, give_up

    async def reload(self, keys: Keys, act: Act | None) -> tuple[ReloadResult, Keys]:
        """What became of it, and the credentials from now on; ``keys`` are those of before.

        ``act`` is who asked for it; None: a signal did.
        """
        declared = self._adoption.in_force.declared
        try:
            config = await asyncio.to_thread(load, declared.path)
            token = await asyncio.to_thread(read_token, config)
        except ConfigError as error:
            return await self._rejected([str(problem) for problem in error.problems], act), keys
        except TokenError as error:
            return await self._rejected([str(error)], act), keys
        if problems := unchangeable(declared, config):
            return await self._rejected(problems, act), keys
        merged = await self._adoption.merged(config)
        if merged.clashes:
            return await self._rejected(list(merged.clashes), act), keys
        result = await self._adopt(merged, act)
        return result, replace(keys, file=token) if result.accepted else keys

    async def _adopt(self, merged: Merged, act: Act | None) -> ReloadResult:
        before, self._adoption.wanted = self._adoption.wanted, merged
        if not await self._bring(merged.config):
            self._adoption.wanted = before
            await self._give_up(before.config)
            return await self._rejected([self._record.publish_problem], act)
        self._record.accepted(self._clocks.unix())
        declared, now = merged.declared, self._clocks.unix()
        for note in (config_loaded(declared, now, before.declared), sampling(declared, now)):
            await self._storage.note(*asked_by(note, act))
        _log.info("configuration taken", file=str(declared.path), generation=self._record.generation)
        return ReloadResult(accepted=True, generation=self._record.generation)

    async def _rejected(self, problems: list[str], act: Act | None) -> ReloadResult:
        declared = self._adoption.in_force.declared
        self._record.rejected(problems)
        refused = config_refused(declared, self._clocks.unix(), problems)
        await self._storage.note(*asked_by(refused, act))
        for problem in problems:
            _log.error("configuration not taken; the one before stays in force", problem=problem)
        return ReloadResult(accepted=False, generation=self._record.generation, problems=tuple(problems))
