"""Brings the memory of the answer cache before this process, behind the start and in small slices. What it holds never.

The cache's file has all its memory from the moment it is made (``mapping``), so none is saved by leaving pages out of
this process's view. Left out, they come one by one as answers are kept: for hours the process seems to grow, which an
operator cannot tell from a leak, and each new page costs the serving thread a fault. Brought in before the first
answer they delay the start, by 0.1 s for 256 MiB. So they are brought in after it, in a tenth of the event loop's time.
"""

from __future__ import annotations

import asyncio
import mmap
import time
from collections.abc import Awaitable, Callable

from resolver.runtime.logs import get_logger
from resolver.runtime.tasks import spawn

MADV_POPULATE_WRITE = 23
"""madvise(2), Linux 5.14; ``mmap`` has no name for it."""
SLICE = 1 << 20
"""Bytes brought in at once: for 0.3 ms nothing else runs on the event loop."""
REST = 9.0
"""Times as long as a slice took, until the next one: a busy machine gets more rest."""

_log = get_logger("weir.cache")

Sleep = Callable[[float], Awaitable[None]]


class Presence:
    """Whose memory is being brought in, or is here."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        """``clock`` gives seconds, ``sleep`` waits for as many."""
        self._clock, self._sleep = clock, sleep
        self._memory: mmap.mmap | None = None
        self._task: asyncio.Task[None] | None = None

    def follow(self, memory: mmap.mmap | None) -> None:
        """Begin with this memory, unless it is the one that was begun with last; None gives that one up."""
        if memory is self._memory:
            return
        if self._task is not None:
            self._task.cancel()
        self._memory = memory
        self._task = None if memory is None else spawn(self._bring(memory), name="bring the cache in")

    async def _bring(self, memory: mmap.mmap) -> None:
        for start in range(0, len(memory), SLICE):
            begun = self._clock()
            try:
                memory.madvise(MADV_POPULATE_WRITE, start, min(SLICE, len(memory) - start))
            except OSError as error:  # an older kernel, or no room for page tables
                _log.info("the answer cache's pages come with their first use", reason=str(error))
                return
            await self._sleep((self._clock() - begun) * REST)
