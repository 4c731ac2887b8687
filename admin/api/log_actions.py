"""GET and POST /api/v1/audit/log…: how the public log is, and what people decide about its keys, its clock and its end."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from admin.api.appliance import LogCondition
from admin.api.bodies import checked, read_object
from admin.api.describing import COUNT, TEXT, Paths, Schema, body, exactly, json, operation, problem, ref
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import parameters
from admin.api.problem import ProblemError
from admin.audit.doubt import LogStoppedError
from admin.audit.events import Event, EventKind
from admin.services.actors import Actor, Permission
from admin.services.acts import LONGEST_REASON
from admin.services.reasons import reason_in

LOG = "/api/v1/audit/log"


class LogActions(Protocol):
    """The public log, as far as people decide about it. LogStoppedError: it cannot be done now, and why."""

    @property
    def condition(self) -> LogCondition:
        """How it is."""

    async def rotate_key(self, actor: Actor, reason: str) -> str:
        """Let another key sign too; its vkey."""

    async def retire_key(self, actor: Actor, reason: str) -> str:
        """Let the oldest key sign no more; its vkey."""

    async def close_log(self, actor: Actor, reason: str, *, compromised: bool) -> str:
        """End this log and begin another; its origin."""

    def confirm_clock(self) -> None:
        """The clock is right, though far ahead."""

    async def adopt(self) -> None:
        """Go on in this folder, though it is a copy."""


PUBLIC_LOG: web.AppKey[LogActions] = web.AppKey("public log")
"""Absent where no log is kept."""


class LogDecision(BaseModel):
    """Why something about the log is decided."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reason: Annotated[str, Field(max_length=LONGEST_REASON)]


class LogClosing(LogDecision):
    """Why the log is ended, and whether its key may be in other hands."""

    compromised: bool = False


MODELS = (LogDecision, LogClosing)
SCHEMAS: dict[str, Schema] = {
    "PublicLog": exactly(origin=TEXT, size=COUNT, problem=TEXT),
    "LogDecided": exactly(message=TEXT, vkey=TEXT, origin=TEXT),
}


def _action(summary: str, model: type[BaseModel]) -> dict[str, Schema]:
    answers = {
        "200": json("Done; what does not apply is empty", ref("LogDecided")),
        "409": problem("Not as things are; the detail says why"),
        "503": problem("No public log is kept"),
    }
    return {"post": operation(summary, answers, scope=Permission.AUDIT_KEYS, request=body(ref(model)))}


PATHS: Paths = {
    LOG: {
        "get": operation(
            "How the public log is",
            {
                "200": json("Its size, and why it is stopped", ref("PublicLog")),
                "503": problem("None is kept"),
            },
            scope=Permission.AUDIT_READ,
        )
    },
    f"{LOG}/rotate-key": _action("Let another key sign the log beside the present one", LogDecision),
    f"{LOG}/retire-key": _action("Let the older of two keys sign no more", LogDecision),
    f"{LOG}/close": _action("End the log and begin another", LogClosing),
    f"{LOG}/confirm-clock": _action("The clock is right, though far ahead of the last leaf", LogDecision),
    f"{LOG}/adopt": _action("Go on with the log in this copied folder", LogDecision),
}


async def get_log(request: web.Request) -> web.Response:
    """Origin, size, and why it is stopped."""
    parameters(request.query, ())
    condition = _log(request).condition
    return web.json_response(
        {"origin": condition.origin, "size": condition.size, "problem": condition.problem}
    )


async def post_rotate(request: web.Request) -> web.Response:
    """Another key."""
    reason, log = await _reason(request), _log(request)
    vkey = await _done(lambda: log.rotate_key(request[ACTOR], reason))
    return _decided("both keys sign from now on; the older one is retired in 30 days", vkey=vkey)


async def post_retire(request: web.Request) -> web.Response:
    """One key less."""
    reason, log = await _reason(request), _log(request)
    vkey = await _done(lambda: log.retire_key(request[ACTOR], reason))
    return _decided("this key signs no more", vkey=vkey)


async def post_close(request: web.Request) -> web.Response:
    """The end of a log."""
    wanted, log = checked(LogClosing, await read_object(request)), _log(request)
    reason = reason_in(wanted.reason)
    origin = await _done(lambda: log.close_log(request[ACTOR], reason, compromised=wanted.compromised))
    return _decided(
        "this log has ended, and another is begun; give its key to whoever checks it", origin=origin
    )


async def post_confirm_clock(request: web.Request) -> web.Response:
    """The clock may be believed."""
    reason, log = await _reason(request), _log(request)
    async with _told(request, EventKind.LOG_CLOCK_CONFIRMED, reason):
        pass  # the clock is believed once the event is kept
    log.confirm_clock()
    return _decided("the next leaf has the time of this box's clock")


async def post_adopt(request: web.Request) -> web.Response:
    """The folder may be believed."""
    reason, log = await _reason(request), _log(request)
    async with _told(request, EventKind.LOG_ADOPTED, reason):
        await _done(log.adopt)
    return _decided("the log goes on in this folder")


@contextlib.asynccontextmanager
async def _told(request: web.Request, kind: EventKind, reason: str) -> AsyncIterator[None]:
    """Record what is decided within, or nothing if that fails. Whoever else decides tells through the log itself."""
    appliance = request.app[APPLIANCE]
    async with (await appliance.connect()).transaction() as transaction:
        yield
        transaction.record(
            Event(kind, _log(request).condition.origin, reason=reason), request[ACTOR], appliance.now()
        )


async def _reason(request: web.Request) -> str:
    return reason_in(checked(LogDecision, await read_object(request)).reason)


def _log(request: web.Request) -> LogActions:
    log = request.app.get(PUBLIC_LOG)
    if log is None:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "No public log is kept here")
    return log


async def _done(work: Callable[[], Awaitable[str | None]]) -> str:
    try:
        return await work() or ""
    except LogStoppedError as error:
        raise ProblemError(HTTPStatus.CONFLICT, str(error)) from error


def _decided(message: str, vkey: str = "", origin: str = "") -> web.Response:
    return web.json_response({"message": message, "vkey": vkey, "origin": origin})
