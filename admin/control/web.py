"""The listening side of the admin API: one address, moved when the configuration says so."""

from __future__ import annotations

import os
import socket

from aiohttp import web

from admin.api.app import make_app
from admin.api.appliance import Appliance
from admin.config.endpoints import HostPort
from resolver.runtime.logs import get_logger

_SHUTDOWN_SECONDS = 1.0
"""How long answers in hand may take after the address was given up."""

_log = get_logger("weir.api")


class ListenError(Exception):
    """The address cannot be had; the message says which and what to do."""


class AdminServer:
    """Serves one appliance's API at one address at a time."""

    def __init__(self, appliance: Appliance) -> None:
        """Nothing listens before ``start``."""
        self._runner = web.AppRunner(
            make_app(appliance), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )
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
        site = web.SockSite(self._runner, _listen(address))
        await site.start()
        self._site, self._address = site, address


def _listen(address: HostPort) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ListenError(
            f"{address} (TCP) cannot be served ({reason}): stop the program that has it, or change admin.listen"
        ) from error
