"""Edits of single entries on their way into force: kept with their event, logged, then made. One request at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from admin.api.appliance import EditReport, Wish
from admin.audit.doubt import LogStoppedError
from admin.control.editing import Editor
from admin.control.lives import Lives
from admin.control.logging_first import LogFirst
from admin.control.wishes import fulfil
from admin.services.acts import Act
from blocklists.guard import Guard
from blocklists.model import ListSource
from resolver.runtime.logs import get_logger

_log = get_logger("weir.lists")


class EditTurns:
    """Takes requests in turn."""

    def __init__(self, editor: Editor, first: LogFirst, lives: Lives) -> None:
        """``editor`` holds edits back where ``first`` keeps a log."""
        self._editor, self._first, self._lives = editor, first, lives

    async def edit(self, act: Act, source: ListSource, wishes: Sequence[Wish], guard: Guard) -> EditReport:
        """As ``Appliance.edit``. If the log is stopped the edits are kept and wait, as the report says."""
        async with self._first.turn():
            report = await asyncio.to_thread(fulfil, self._editor, source, wishes, guard, act)
            await self._lives.follow_edits(source.id)
            if self._editor.holds:
                report = await self._release(report, len(wishes))
        _log.info("entries edited", list=source.id, edits=len(wishes), in_force=report.in_force)
        return report

    async def _release(self, report: EditReport, edits: int) -> EditReport:
        try:
            await self._first.again()
        except (LogStoppedError, OSError, ValueError) as error:
            _log.error("edits of entries are kept, and wait", reason=str(error))
            return replace(report, waits=str(error))
        return replace(report, in_force=edits - self._editor.later, compiling=self._editor.owes_compiling)
