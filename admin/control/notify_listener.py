"""The sockets on which primaries say that a zone has changed (NOTIFY, RFC 1996): UDP and TCP at one address.

What a message means is decided by ``blocklists.sources.zone_notify``; here are only sockets, and bounds on what they take.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, cast

from admin.config import Config
from admin.config.endpoints import HostPort
from admin.control.bucket import Bucket
from admin.control.clocks import Clocks
from admin.services.build import sources
from resolver.runtime.logs import get_logger

if TYPE_CHECKING:
    from blocklists.sources.zone_notify import Answer, NotifyBook

BELIEVED = 100.0
"""Messages a second that are read from senders who are primaries of some list; the others are lost, as UDP loses them."""
STRANGERS = 10.0
"""The same for all other senders together: they are answered REFUSED, and must not keep us busy."""
TOLD = 1 / 60
"""Lines a second in the log about messages that were not taken."""
CONNECTIONS = 16
"""TCP connections at once."""
MESSAGE_SECONDS = 5.0
"""A message over TCP must be complete so long after the one before."""

_log = get_logger("weir.notify")


class NotifyListener:
    """Listens where the configuration in force says, and calls for the lists of which there may be a new version."""

    def __init__(self, clocks: Clocks, call: Callable[[Collection[str]], None]) -> None:
        """Nothing listens before ``follow``."""
        self._clocks, self._call = clocks, call
        self._address: HostPort | None = None
        self._book: NotifyBook | None = None
        self._udp: _Datagrams | None = None
        self._tcp: asyncio.Server | None = None
        self._connections = 0
        self._buckets = {True: Bucket(BELIEVED, BELIEVED), False: Bucket(STRANGERS, STRANGERS)}
        self._told = Bucket(TOLD, 3)
        self._moving = asyncio.Lock()
        self._counts = {"taken": 0, "refused": 0, "dropped": 0}

    @property
    def address(self) -> HostPort | None:
        """Where it listens now; None if it does not."""
        return self._address

    @property
    def counts(self) -> Mapping[str, int] | None:
        """Messages that were ``taken``, ``refused`` or ``dropped``; None while nothing listens."""
        return None if self._address is None else dict(self._counts)

    async def follow(self, config: Config) -> None:
        """Serve this configuration from now on. An address that cannot be had is said, and tried at the next one."""
        async with self._moving:
            wanted = config.admin.notify
            self._book = None if wanted is None else _book(config)
            if wanted != self._address:
                await self.close()
                if wanted is not None:
                    await self._try_to_listen(wanted)

    async def _try_to_listen(self, wanted: HostPort) -> None:
        try:
            await self._listen(wanted)
        except OSError as error:
            _log.error(
                "NOTIFY is not heard, zones are looked for at their times only: stop the program that has the address, "
                "or change admin.notify",
                address=str(wanted),
                reason=os.strerror(error.errno) if error.errno else str(error),
            )

    async def close(self) -> None:
        """Stop listening; the address is free afterwards."""
        self._address = None
        if self._tcp is not None:
            self._tcp.close()
        if self._udp is not None:
            self._udp.transport.close()
            await self._udp.closed.wait()
        self._udp = self._tcp = None

    async def _listen(self, address: HostPort) -> None:
        udp, tcp = _bound(address)
        loop = asyncio.get_running_loop()
        _, self._udp = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
        self._tcp = await asyncio.start_server(self._converse, sock=tcp)
        self._address = address

    def answer(self, wire: bytes, sender: str) -> bytes | None:
        """What to send back for one message; what follows from it is done."""
        book = self._book
        if book is None:
            return None
        if not self._buckets[book.believes(sender)].take(self._clocks.monotonic()):
            self._counts["dropped"] += 1
            return None
        answer = book.answer(wire, sender, now=self._clocks.unix())
        self._note(answer, sender)
        if answer.lists:
            self._call(answer.lists)
        return answer.reply

    def _note(self, answer: Answer, sender: str) -> None:
        if answer.lists:
            self._counts["taken"] += 1
            _log.info("a primary says that there is a new version", sender=sender, lists=list(answer.lists))
        elif answer.problem:
            self._counts["refused"] += 1
            if self._told.take(self._clocks.monotonic()):
                _log.warning("NOTIFY not taken", sender=sender, reason=answer.problem)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One TCP connection (RFC 7766): messages until the other side has no more, or says nothing for too long.

        A stranger's is closed at once: it would keep those of primaries waiting.
        """
        self._connections += 1
        sender = str(writer.get_extra_info("peername")[0])
        try:
            if self._connections <= CONNECTIONS and self._book is not None and self._book.believes(sender):
                with contextlib.suppress(OSError, EOFError):
                    await self._answer_all(reader, writer, sender)
        finally:
            self._connections -= 1
            writer.transport.abort()

    async def _answer_all(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: str
    ) -> None:
        while True:
            async with asyncio.timeout(MESSAGE_SECONDS):
                length = int.from_bytes(await reader.readexactly(2), "big")
                reply = self.answer(await reader.readexactly(length), sender)
                if reply is None:
                    return
                writer.write(len(reply).to_bytes(2, "big") + reply)
                await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listener: NotifyListener) -> None:
        self._listener = listener
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._listener.answer(data, addr[0])
        if reply is not None:
            self.transport.sendto(reply, addr)


def _bound(address: HostPort) -> tuple[socket.socket, socket.socket]:
    """A UDP and a listening TCP socket, or neither. OSError if the address cannot be had."""
    place = (address.host, address.port)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        udp.bind(place)
        return udp, socket.create_server(place, family=family)
    except OSError:
        udp.close()
        raise


def _book(config: Config) -> NotifyBook:
    # dnspython's messages and signatures: only those who listen wait for their import.
    from blocklists.sources.zone_notify import NotifyBook

    return NotifyBook(sources(config))
