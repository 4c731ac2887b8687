"""POST /api/v1/reload: read the configuration again; a file with mistakes changes nothing."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from admin.api.changes import reason_of
from admin.api.describing import MAYBE_COUNT, Paths, exactly, json, operation, problem
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.problem import ProblemError
from admin.api.resource_paths import REASON
from admin.services.actors import Permission
from admin.services.acts import Act

PATHS: Paths = {
    "/api/v1/reload": {
        "post": operation(
            "Read the configuration again; a file with mistakes changes nothing",
            {
                "200": json("Taken", exactly(generation=MAYBE_COUNT)),
                "422": problem("The file has mistakes, which `problems` lists"),
            },
            scope=Permission.CONFIG_RELOAD,
            parameters=(REASON,),
        )
    }
}


async def post_reload(request: web.Request) -> web.Response:
    """200 with the generation that came of it, 422 with every problem of the file."""
    appliance = request.app[APPLIANCE]
    result = await appliance.reload(Act(request[ACTOR], appliance.now(), reason_of(request)))
    if not result.accepted:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The configuration was not taken; the one before stays in force",
            problems=list(result.problems),
        )
    return web.json_response({"generation": result.generation})
