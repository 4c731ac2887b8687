"""The listening side of the admin API: one address, moved when the configuration says so."""

from __future__ import annotations

import asyncio
import logging
import socket

from aiohttp import web

from admin.api.app import make_app
from admin.api.appliance import Appliance
from admin.api.log_actions import LogActions
from admin.config.endpoints import HostPort
from admin.control.listening import ListenError, listen
from resolver.runtime.logs import get_logger

_SHUTDOWN_SECONDS = 1.0
"""How long answers in hand may take after the address was given up."""

_LONGEST_LINE = 64 * 1024
"""Bytes of a request line: two URLs of 2,048 characters, percent-encoded, and what stands around them."""

_log = get_logger("weir.api")


def _silent() -> logging.Logger:
    """For aiohttp, which would log the first line of a request that is not HTTP: a name that somebody asked about."""
    logger = logging.getLogger("weir.api.http")
    logger.disabled = True
    return logger


class AdminServer:
    """Serves one appliance's API at one address at a time."""

    def __init__(self, appliance: Appliance, public_log: LogActions | None = None) -> None:
        """Nothing listens before ``start``."""
        self._runner = web.AppRunner(
            make_app(appliance, public_log=public_log),
            access_log=None,
            logger=_silent(),
            handle_signals=False,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            max_line_size=_LONGEST_LINE,
        )
        self._site: web.SockSite | None = None
        self._address: HostPort | None = None
        self._moving = asyncio.Lock()

    async def start(self, address: HostPort, sock: socket.socket) -> None:
        """Begin to serve at the address on which the socket listens."""
        await self._runner.setup()
        await self._serve(address, sock)

    async def follow(self, address: HostPort) -> None:
        """Serve at ``address`` from now on; if it cannot be had, the one before is kept and that is said."""
        async with self._moving:  # every publication asks for it, and two may come one right after the other
            if address != self._address:
                await self._move(address)

    async def _move(self, address: HostPort) -> None:
        before = self._site
        try:
            await self._serve(address, listen(address))
        except ListenError as error:
            _log.error("the admin API stays at its address", problem=str(error))
        else:
            if before is not None:
                await before.stop()

    async def close(self) -> None:
        """Stop serving."""
        await self._runner.cleanup()

    async def _serve(self, address: HostPort, sock: socket.socket) -> None:
        site = web.SockSite(self._runner, sock)
        await site.start()
        self._site, self._address = site, address
