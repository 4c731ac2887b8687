"""Who fetches when: one at a time per authority and per server, and a few at once altogether.

Two hundred lists that are due together, as after a night without control, must neither trample one server nor fill this
box's memory and uplink. Small files of this box do neither: a start with many waits for the disk, for all of them at once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from admin.control.turns import turn_of
from blocklists.model import ListSource

AT_ONCE = 8
"""Fetches at once."""
SMALL = 256 * 1024
"""Bytes up to which a file is read beside others: making it durable then takes longer than reading it."""
_FILE = "file:"


class Queue:
    """Owns the turns. For one event loop."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        """Nobody waits yet."""
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._slots = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def turn(self, source: ListSource) -> AsyncIterator[None]:
        """Wait until this list may be fetched; its turn lasts as long as the context."""
        async with AsyncExitStack() as stack:
            for key in () if await asyncio.to_thread(is_small_file, source) else turns_of(source):
                await stack.enter_async_context(self._turns[key])
            # Last, so that nobody holds a slot while waiting for somebody else's slow server.
            await stack.enter_async_context(self._slots)
            yield


def is_small_file(source: ListSource) -> bool:
    """Whether reading it is next to nothing; one that cannot be found is not known to be so. Looks at the disk."""
    try:
        return source.url.startswith(_FILE) and Path(source.url.removeprefix(_FILE)).stat().st_size <= SMALL
    except OSError:
        return False


def turns_of(source: ListSource) -> list[str]:
    """What two lists must share to wait for each other, in the order in which everybody takes them (no deadlock)."""
    keys = {f"server {turn_of(source).lower()}"}
    if source.authority and not source.url.startswith(_FILE):
        keys.add(f"authority {source.authority.casefold()}")
    return sorted(keys)
