"""One attempt to put a generation into force: what came of it known, said and counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from admin.audit.doubt import LogStoppedError
from admin.control.lists import LostTextError
from admin.control.publishing import Published
from admin.control.record import Record
from resolver.runtime.logs import get_logger

_log = get_logger("weir.control")


async def attempt(put: Callable[[], Awaitable[Published | None]], record: Record, state: Path) -> bool:
    """Let ``put`` put a generation into force in the folder ``state``; False if it could not, or had none."""
    try:
        done = await put()
    except (OSError, ValueError, LostTextError, LogStoppedError) as error:
        problem = _problem(error, state)
        if problem != record.publish_problem:
            _log.error("nothing was published; the last good state goes on serving", problem=problem)
        record.not_published(problem)
        return False
    if done is None:
        return False
    record.published(*done)
    return True


def _problem(error: Exception, state: Path) -> str:
    if isinstance(error, OSError):
        return f"{state}: {error.strerror or error}: make room or mend the disk"
    return str(error)
