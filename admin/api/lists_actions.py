"""POST /api/v1/lists/{id}/…: update a list, switch it off and on, go back a version, release one that is held."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from admin.api.keys import ACTOR, APPLIANCE
from admin.api.list_life import Decided
from admin.api.lists_errors import worded
from admin.api.problem import ProblemError
from admin.config.values import Duration
from admin.services.errors import InvalidError, Mistake

_LONGEST = 2_000
"""Characters of any text here; the use case has its own, closer limit for reasons."""
_Text = Annotated[str, Field(max_length=_LONGEST)]


class Reasoned(BaseModel):
    """A decision with its reason, which the audit log keeps."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    reason: _Text


class Suspending(Reasoned):
    """For how long: until a moment (Unix seconds), for a duration, or until the list is resumed."""

    until: Annotated[float, Field(allow_inf_nan=False)] | None = None
    for_: Annotated[_Text | None, Field(alias="for")] = None


class RollingBack(Reasoned):
    """To which version: the beginning of its digest (12 digits or more), or the one before when empty."""

    version: _Text = ""
    hold: bool = False


class Releasing(Reasoned):
    """Which held version: the beginning of its digest (12 digits or more)."""

    digest: _Text


_M = TypeVar("_M", bound=BaseModel)


async def post_suspend(request: web.Request) -> web.Response:
    """200: nothing of the list is enforced any more."""
    asked = await _body(request, Suspending)
    with worded():
        until = _until(asked, request.app[APPLIANCE].now())
        decided = await request.app[APPLIANCE].lists.suspend(
            request[ACTOR], request.match_info["id"], asked.reason, until
        )
    return _shown(decided)


async def post_resume(request: web.Request) -> web.Response:
    """200: the list is enforced again, in its newest version."""
    asked = await _body(request, Reasoned)
    with worded():
        decided = await request.app[APPLIANCE].lists.resume(
            request[ACTOR], request.match_info["id"], asked.reason
        )
    return _shown(decided)


async def post_rollback(request: web.Request) -> web.Response:
    """200: an earlier version serves, or is being compiled."""
    asked = await _body(request, RollingBack)
    with worded():
        decided = await request.app[APPLIANCE].lists.roll_back(
            request[ACTOR], request.match_info["id"], asked.reason, asked.version, hold=asked.hold
        )
    return _shown(decided)


async def post_release(request: web.Request) -> web.Response:
    """200: the held version serves, or a second person is asked for."""
    asked = await _body(request, Releasing)
    with worded():
        decided = await request.app[APPLIANCE].lists.release(
            request[ACTOR], request.match_info["id"], asked.reason, asked.digest
        )
    return _shown(decided)


async def post_sync(request: web.Request) -> web.Response:
    """202: the update has begun; it has ended when the list's ``attempts`` have reached ``attempt``."""
    list_id = request.match_info["id"]
    with worded():
        attempt = await request.app[APPLIANCE].lists.sync(request[ACTOR], list_id)
    return web.json_response({"list": list_id, "attempt": attempt}, status=HTTPStatus.ACCEPTED)


async def _body(request: web.Request, model: type[_M]) -> _M:
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:2]) or "the body"
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, f'{place}: {first["msg"]}. Send JSON like {{"reason": "…"}}'
        ) from error


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
        }
    )
