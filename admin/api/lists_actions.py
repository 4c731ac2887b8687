"""POST /api/v1/lists/{id}/…: update a list, switch it off and on, go back a version, release one that is held."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from admin.api.bodies import checked, read_object
from admin.api.describing import (
    COUNT,
    FLAG,
    MAYBE_COUNT,
    TEXT,
    Paths,
    Schema,
    body,
    exactly,
    in_path,
    json,
    operation,
    problem,
    ref,
)
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.list_life import Decided
from admin.config.values import Duration
from admin.services.actors import Permission
from admin.services.acts import LONGEST_REASON
from admin.services.errors import InvalidError, Mistake
from admin.services.moment import LATEST

_Text = Annotated[str, Field(max_length=LONGEST_REASON)]


class Reasoned(BaseModel):
    """A decision with its reason, which the audit log keeps."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reason: _Text


class Suspending(Reasoned):
    """For how long: until a moment (Unix seconds), for a duration, or until the list is resumed."""

    until: Annotated[float, Field(allow_inf_nan=False, le=LATEST)] | None = None
    for_: Annotated[_Text | None, Field(alias="for")] = None


class RollingBack(Reasoned):
    """To which version: the beginning of its digest (12 digits or more), or the one before when empty."""

    version: _Text = ""
    hold: bool = False


class Releasing(Reasoned):
    """Which held version: the beginning of its digest (12 digits or more)."""

    digest: _Text


SCHEMAS: dict[str, Schema] = {
    "Decided": exactly(list=TEXT, message=TEXT, in_force=FLAG, generation=MAYBE_COUNT, waits=TEXT)
}
MODELS = (Reasoned, Suspending, RollingBack, Releasing)


def _action(
    summary: str, model: type[BaseModel], done: str, scope: Permission = Permission.LISTS_WRITE
) -> dict[str, Schema | list[Schema]]:
    answers = {
        "200": json(done, ref("Decided")),
        "404": problem("There is no such list"),
        "409": problem("Not as things are; the detail says why"),
    }
    return {
        "parameters": [in_path("id", "The id of a list")],
        "post": operation(summary, answers, scope=scope, request=body(ref(model))),
    }


PATHS: Paths = {
    "/api/v1/lists/{id}/sync": {
        "parameters": [in_path("id", "The id of a list")],
        "post": operation(
            "Update a list now",
            {
                "202": json(
                    "It has begun, and has ended when `attempts` of the status reaches `attempt`",
                    exactly(list=TEXT, attempt=COUNT),
                ),
                "404": problem("There is no such list"),
                "409": problem("Not as things are; the detail says why"),
            },
            scope=Permission.LISTS_WRITE,
        ),
    },
    "/api/v1/lists/{id}/suspend": _action(
        "Enforce nothing of a list", Suspending, "It is off, or will be when `in_force`"
    ),
    "/api/v1/lists/{id}/resume": _action(
        "End the suspension and the rollback of a list", Reasoned, "It is enforced in its newest version"
    ),
    "/api/v1/lists/{id}/rollback": _action(
        "Let an earlier version serve", RollingBack, "It serves, or is being compiled"
    ),
    "/api/v1/lists/{id}/release": _action(
        "Let a version serve that the gates hold back",
        Releasing,
        "It serves, or a second person is asked for",
        Permission.LISTS_RELEASE,
    ),
    "/api/v1/lists/{id}/erase": _action(
        "Destroy all that is kept of a list, for good",
        Reasoned,
        "Its key is being destroyed, or a second person is asked for",
        Permission.LISTS_ERASE,
    ),
}


async def post_suspend(request: web.Request) -> web.Response:
    """200: nothing of the list is enforced any more."""
    asked = checked(Suspending, await read_object(request))
    until = _until(asked, request.app[APPLIANCE].now())
    decided = await request.app[APPLIANCE].lists.suspend(
        request[ACTOR], request.match_info["id"], asked.reason, until
    )
    return _shown(decided)


async def post_resume(request: web.Request) -> web.Response:
    """200: the list is enforced again, in its newest version."""
    asked = checked(Reasoned, await read_object(request))
    decided = await request.app[APPLIANCE].lists.resume(
        request[ACTOR], request.match_info["id"], asked.reason
    )
    return _shown(decided)


async def post_rollback(request: web.Request) -> web.Response:
    """200: an earlier version serves, or is being compiled."""
    asked = checked(RollingBack, await read_object(request))
    decided = await request.app[APPLIANCE].lists.roll_back(
        request[ACTOR], request.match_info["id"], asked.reason, asked.version, hold=asked.hold
    )
    return _shown(decided)


async def post_release(request: web.Request) -> web.Response:
    """200: the held version serves, or a second person is asked for."""
    asked = checked(Releasing, await read_object(request))
    decided = await request.app[APPLIANCE].lists.release(
        request[ACTOR], request.match_info["id"], asked.reason, asked.digest
    )
    return _shown(decided)


async def post_erase(request: web.Request) -> web.Response:
    """200: everything that is kept of the list is being destroyed, or a second person is asked for."""
    asked = checked(Reasoned, await read_object(request))
    decided = await request.app[APPLIANCE].lists.erase(request[ACTOR], request.match_info["id"], asked.reason)
    return _shown(decided)


async def post_sync(request: web.Request) -> web.Response:
    """202: the update has begun; it has ended when the list's ``attempts`` have reached ``attempt``."""
    list_id = request.match_info["id"]
    attempt = await request.app[APPLIANCE].lists.sync(request[ACTOR], list_id)
    return web.json_response({"list": list_id, "attempt": attempt}, status=HTTPStatus.ACCEPTED)


def _until(asked: Suspending, now: float) -> float | None:
    if asked.for_ is None:
        return asked.until
    if asked.until is not None:
        raise InvalidError([Mistake("for", "write either until or for")])
    try:
        return now + Duration.parse(asked.for_).seconds
    except ValueError as error:
        raise InvalidError([Mistake("for", str(error))]) from error


def _shown(decided: Decided) -> web.Response:
    return web.json_response(
        {
            "list": decided.list_id,
            "message": decided.message,
            "in_force": decided.in_force,
            "generation": decided.generation,
            "waits": decided.waits,
        }
    )
