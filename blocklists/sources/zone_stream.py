"""One TCP connection to a primary: DNS messages with their length before them (RFC 1035 section 4.2.2), bounded.

Nothing here knows what a message says.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from blocklists.sources.zone_faults import TooLargeError, TooSlowError

CONNECT_SECONDS = 10.0
MESSAGE_SECONDS = 30.0
"""A message must be complete so long after the one before, or after the question."""
TRANSFER_SECONDS = 600.0
"""One question with all its answers; 256 MiB must come at half a megabyte a second at least, as over HTTPS."""
GRACE_SECONDS = 30.0
SLOWEST = 1024
"""Bytes per second that must have come on average after GRACE_SECONDS: a primary that drips keeps others waiting."""

_LENGTH = 2


class Stream:
    """Sends one question and gives its answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int) -> None:
        """``limit`` bounds all that is received, in bytes."""
        self._reader, self._writer, self._limit = reader, writer, limit
        self._received = 0
        self._begun = asyncio.get_running_loop().time()

    async def send(self, message: bytes) -> None:
        """OSError or TimeoutError if it cannot be sent."""
        self._writer.write(len(message).to_bytes(_LENGTH, "big") + message)
        async with asyncio.timeout(MESSAGE_SECONDS):
            await self._writer.drain()

    async def receive(self) -> bytes:
        """The next message. EOFError, OSError, TimeoutError, TooSlowError, TooLargeError."""
        async with asyncio.timeout(MESSAGE_SECONDS):
            length = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
            message = await self._reader.readexactly(length)
        self._received += _LENGTH + length
        if self._received > self._limit:
            raise TooLargeError
        if self._received < SLOWEST * (self._seconds() - GRACE_SECONDS):
            raise TooSlowError
        return message

    def _seconds(self) -> float:
        return asyncio.get_running_loop().time() - self._begun


@asynccontextmanager
async def connected(host: str, port: int, limit: int) -> AsyncIterator[Stream]:
    """A connection that is gone afterwards. OSError or TimeoutError if there is none to be had."""
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(host, port)
    try:
        yield Stream(reader, writer, limit)
    finally:
        writer.transport.abort()  # nothing is owed to the other side, and a polite close could wait for it
