"""The one way to start a background task: named, referenced, and heard when it dies; and work that a cancellation waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from resolver.runtime.logs import get_logger

T = TypeVar("T")
_log = get_logger("weir.tasks")
_running: set[asyncio.Task[None]] = set()


def spawn(work: Coroutine[object, object, None], *, name: str) -> asyncio.Task[None]:
    """Run ``work`` in the background; a reference is kept until it ends and a failure is logged with its name."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _running.add(task)
    task.add_done_callback(_ended)
    return task


async def uninterrupted(work: Coroutine[object, object, T]) -> T:
    """Do this to its end, even if whoever waits for it is cancelled: a thread of it that is writing cannot be."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # nobody waits for what it would say
        raise


def _ended(task: asyncio.Task[None]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("background task died", task=task.get_name(), exc_info=error)
