"""POST /api/v1/reload: read the configuration again; a file with mistakes changes nothing."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from admin.api.keys import APPLIANCE
from admin.api.problem import ProblemError


async def post_reload(request: web.Request) -> web.Response:
    """200 with the generation that came of it, 422 with every problem of the file."""
    result = await request.app[APPLIANCE].reload()
    if not result.accepted:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The configuration was not taken; the one before stays in force",
            problems=list(result.problems),
        )
    return web.json_response({"generation": result.generation})
