"""The public log among the routes: ``/log/`` for whoever reaches the port, without a credential.

Nothing else is opened by it: what is answered are files that ``log_names`` knows, and they are public. Any other web
server may serve the same folder.
"""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from admin.api.guard import LOG
from admin.api.keys import APPLIANCE, LOG_READERS
from admin.services.place import Place

PATH = LOG + "{name:.*}"


async def get_log_file(request: web.Request) -> web.StreamResponse:
    """A file of the public log; for a folder, the page for people in the language that the browser asks for."""
    folder = Place(request.app[APPLIANCE].config.data_dir).log
    return await request.app[LOG_READERS].answer(request, request.match_info["name"], folder)


async def get_log(_request: web.Request) -> web.StreamResponse:
    """``/log``, as people type it."""
    return web.Response(status=HTTPStatus.PERMANENT_REDIRECT, headers={"Location": LOG})


async def close_readers(app: web.Application) -> None:
    """At the end of the application."""
    app[LOG_READERS].close()
