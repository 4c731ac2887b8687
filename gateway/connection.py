"""One TCP connection: admitted, given one answer, closed. What it must never do: log, keep or repeat a request.

aiohttp parses and writes; this class adds what aiohttp leaves open: a time limit on the request head, size limits on
head and body, limits on connections, and silence where aiohttp would log a request or answer with its own words.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp.web import BaseRequest, RequestHandler, Response, Server

from gateway.counting import CONNECTIONS, ERRORS, MALFORMED, TIMEOUTS, Counters
from gateway.headers import FIXED
from gateway.limits import Gate, Limits, RefusedError
from gateway.methods import known_method
from resolver.runtime.logs import get_logger

_log = get_logger("weir.gateway")

_nobody = logging.getLogger("weir.gateway.nobody")
_nobody.disabled = True  # what aiohttp would log is about a request

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class House:
    """What all connections of a server share."""

    limits: Limits
    gate: Gate
    counters: Counters
    malformed: Callable[[], Response]
    """Makes the answer to a request that is no HTTP."""


class Connection(RequestHandler):
    """The server's side of one connection."""

    def __init__(self, server: Server, house: House, loop: asyncio.AbstractEventLoop) -> None:
        """A connection that is not yet made."""
        limits = house.limits
        super().__init__(
            server,
            loop=loop,
            logger=_nobody,
            access_log=_nobody,
            keepalive_timeout=limits.request_timeout,
            lingering_time=limits.linger,
            max_line_size=limits.line,
            max_field_size=limits.line,
            max_headers=limits.headers,
            auto_decompress=False,
            tcp_keepalive=False,
        )
        self._house = house
        self.address = ""
        """The peer's address, for as long as the connection lasts."""
        self._client: str | None = None
        self._received = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the client and start the clock, or close at once."""
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")
        if not peer:  # gone before it was accepted
            transport.abort()
            return
        try:
            self.address = peer[0]
            self._client = self._house.gate.enter(self.address)
        except RefusedError as refusal:
            self._house.counters.add(str(refusal))
            transport.abort()
            return
        self._house.counters.set(CONNECTIONS, self._house.gate.total)
        self._deadline = self._loop.call_later(self._house.limits.request_timeout, self._give_up, transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count the client out."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self._client is not None:
            self._house.gate.leave(self._client)
            self._client = None
            self._house.counters.set(CONNECTIONS, self._house.gate.total)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the parser while the request is within its limits."""
        before, self._received = self._received, self._received + len(data)
        if before == 0:
            data = known_method(data)
        if self._request_count == 0 and before > self._house.limits.head:
            self._refuse_head()
        elif self._request_count > 0 and before > self._house.limits.discard:
            if self.transport is not None:
                self.transport.pause_reading()
        else:
            super().data_received(data)

    def request_seen(self) -> None:
        """The head is whole: from now on the clock is that of the answer."""
        if self._deadline is not None:
            self._deadline.cancel()
        if (transport := self.transport) is not None:
            self._deadline = self._loop.call_later(self._house.limits.answer_timeout, transport.abort)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> Response:
        """The answer to a request that cannot be parsed, or that a fault of ours kept from an answer."""
        self.request_seen()
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer is on its way already")
        if status == HTTPStatus.BAD_REQUEST:
            self._house.counters.add(MALFORMED)
            return self._house.malformed()
        self._house.counters.add(ERRORS)
        report_fault(exc)
        answer = Response(status=HTTPStatus.INTERNAL_SERVER_ERROR, headers=FIXED)
        answer.force_close()
        return answer

    def log_exception(self, *args: object, **kw: object) -> None:
        """aiohttp's report of a fault while answering: what it would log names the client."""
        self._house.counters.add(ERRORS)
        exc = kw.get("exc_info")
        report_fault(exc if isinstance(exc, BaseException) else None)

    def _refuse_head(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._house.counters.add(MALFORMED)
            self.transport.write(_TOO_LARGE)
            self.force_close()

    def _give_up(self, transport: asyncio.Transport) -> None:
        self._house.counters.add(TIMEOUTS)
        transport.abort()


def report_fault(exc: BaseException | None) -> None:
    """Log a fault by its type and place in the code: a message or a traceback's values might quote the request."""
    place = ""
    frame = exc.__traceback__ if exc is not None else None
    while frame is not None:
        place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
        frame = frame.tb_next
    _log.error("a page could not be given; please report this fault", fault=type(exc).__name__, place=place)
