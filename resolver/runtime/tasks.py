"""The one way to start a background task: named, referenced, and heard when it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from resolver.runtime.logs import get_logger

_log = get_logger("weir.tasks")
_running: set[asyncio.Task[None]] = set()


def spawn(work: Coroutine[object, object, None], *, name: str) -> asyncio.Task[None]:
    """Run ``work`` in the background; a reference is kept until it ends and a failure is logged with its name."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[None]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("background task died", task=task.get_name(), exc_info=error)
