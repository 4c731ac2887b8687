"""The listening side of the admin API: an inherited socket or one of its own, moved when the configuration says so."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

import structlog
from aiohttp import web

from admin.api.app import make_app
from admin.api.appliance import Appliance
from admin.config.endpoints import HostPort

_SHUTDOWN_SECONDS = 1.0
"""How long answers in hand may take after the address was given up."""

_log = structlog.get_logger("weir.api")


class ListenError(Exception):
    """The address cannot be had; the message says which and what to do."""


class AdminServer:
    """Serves one appliance's API at one address at a time."""

    def __init__(self, appliance: Appliance, inherited: list[socket.socket]) -> None:
        """``inherited`` are listening sockets of the supervisor; one is used if it has the wanted address."""
        self._runner = web.AppRunner(
            make_app(appliance), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        self._inherited = inherited
        self._site: web.SockSite | None = None
        self._address: HostPort | None = None

    async def start(self, address: HostPort) -> None:
        """Begin to serve. ListenError if the address cannot be had."""
        await self._runner.setup()
        await self._serve(address)

    async def follow(self, address: HostPort) -> None:
        """Serve at ``address`` from now on; if it cannot be had, the one before is kept and that is said."""
        if address == self._address:
            return
        before = self._site
        try:
            await self._serve(address)
        except ListenError as error:
            _log.error("the admin API stays at its address", problem=str(error))
        else:
            if before is not None:
                await before.stop()

    async def close(self) -> None:
        """Stop serving."""
        await self._runner.cleanup()

    async def _serve(self, address: HostPort) -> None:
        site = web.SockSite(self._runner, self._socket(address))
        await site.start()
        self._site, self._address = site, address

    def _socket(self, address: HostPort) -> socket.socket:
        for sock in self._inherited:
            if sock.getsockname()[:2] == (address.host, address.port):
                self._inherited.remove(sock)
                return sock
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        try:
            return socket.create_server((address.host, address.port), family=family)
        except OSError as error:
            raise ListenError(
                f"{address} (TCP) cannot be served ({os.strerror(error.errno or 0)}): stop the program that has it, or change admin.listen"
            ) from error


def inherited_sockets(environ: Mapping[str, str] = os.environ) -> list[socket.socket]:
    """The HTTP sockets that WEIR_SOCKETS names (``http:7``)."""
    items = (item.partition(":") for item in environ.get("WEIR_SOCKETS", "").split(",") if item)
    return [socket.socket(fileno=int(number)) for use, _, number in items if use == "http"]
