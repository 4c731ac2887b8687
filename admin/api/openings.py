"""/api/v1/audit/openings: lists that are not public, opened to an auditor by two persons.

One asks, another agrees, and the text is given out for a day: each time once the public log says so.
"""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from admin.api.bodies import checked, read_object
from admin.api.changes import change
from admin.api.describing import (
    COUNT,
    MAYBE_MOMENT,
    MOMENT,
    TEXT,
    Paths,
    Schema,
    array,
    body,
    empty,
    exactly,
    in_path,
    json,
    operation,
    plain_text,
    problem,
    query,
    ref,
    words,
)
from admin.api.giving_out import CLOSED, LIST, STATE, part_of, seat, wanted_state, wish_in
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.list_life import Part
from admin.api.paging import parameters
from admin.api.resource_paths import REASON
from admin.config import Config
from admin.config.fields import chosen
from admin.services.actors import Permission, Role
from admin.services.acts import LONGEST_REASON, Act
from admin.services.giving import facts_of, give
from admin.services.log_states import list_state
from admin.services.opening import Opening, Purpose, Stage, Wish
from admin.services.openings import (
    ID_BYTES,
    agree_to_opening,
    ask_opening,
    end_opening,
    get_opening,
    list_openings,
    usable,
)
from admin.store.database import Transaction

PATH = "/api/v1/audit/openings"
ONE, AGREE, TEXT_PATH = f"{PATH}/{{id}}", f"{PATH}/{{id}}/approve", f"{PATH}/{{list}}/{{state}}"
OPENING_HEADER, LEAF_HEADER = "Weir-Opening", "Weir-Leaf"
"""What opens the commitment, hexadecimal; and where the public log tells of this, as ``origin#index``."""
_PIECE = 64 * 1024
"""Bytes that are sent at a time."""
_LONGEST_SENDING = 600.0
"""Seconds that a client may take: 64 MB over a line of 1 Mbit/s."""


class NewOpening(BaseModel):
    """What is to be opened, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    list: Annotated[str, Field(pattern=LIST)]
    state: Annotated[str, Field(pattern=STATE)] = ""
    """The state of the log; or ``at``."""
    at: Annotated[float, Field(ge=0)] | None = None
    """Unix seconds: the state that held then."""
    purpose: Annotated[Purpose, BeforeValidator(lambda value: chosen(Purpose, value))] = Purpose.TEXT
    reason: Annotated[str, Field(max_length=LONGEST_REASON)]


class Agreement(BaseModel):
    """Why somebody agrees."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: Annotated[str, Field(max_length=LONGEST_REASON)]


MODELS: tuple[type[BaseModel], ...] = (NewOpening, Agreement)
_ROLE = words("", *Role)
SCHEMAS: dict[str, Schema] = {
    "Opening": exactly(
        id=TEXT,
        list=TEXT,
        state=TEXT,
        purpose=words(*Purpose),
        reason=TEXT,
        stage=words(*Stage),
        asker=TEXT,
        asker_role=_ROLE,
        asked=MOMENT,
        agreer=TEXT | {"description": "Empty while nobody has agreed"},
        agreer_role=_ROLE,
        agreed=MAYBE_MOMENT,
        ends=MOMENT,
        left=COUNT | {"description": "How often something is still given out"},
    ),
    "Openings": exactly(items=array(ref("Opening"))),
}
_THIS = in_path("id", "The id of an opening")
_NOT_FOUND = problem("There is no such opening")
_NOT_NOW = problem("Not as things are; the detail says why")
PATHS: Paths = {
    PATH: {
        "get": operation(
            "All openings, the newest first",
            {"200": json("Those that are over stay for a day", ref("Openings"))},
            scope=Permission.AUDIT_OPEN,
        ),
        "post": operation(
            "Ask for a list that is not public to be opened: a second person must agree, and one of the two is an auditor",
            {
                "201": json("Asked", ref("Opening"), "Location"),
                "404": problem("The log has no such state, or no such list in it"),
                "409": _NOT_NOW,
            },
            scope=Permission.AUDIT_OPEN,
            request=body(ref(NewOpening)),
        ),
    },
    ONE: {
        "parameters": [_THIS],
        "get": operation(
            "One opening; never a text",
            {"200": json("The opening", ref("Opening")), "404": _NOT_FOUND},
            scope=Permission.AUDIT_OPEN,
        ),
        "delete": operation(
            "End an opening before its time",
            {"204": empty("It is good for nothing any more"), "404": _NOT_FOUND},
            scope=Permission.AUDIT_OPEN,
            parameters=(REASON,),
        ),
    },
    AGREE: {
        "parameters": [_THIS],
        "post": operation(
            "Agree to an opening: it is good for a day then",
            {"200": json("Open", ref("Opening")), "404": _NOT_FOUND, "409": _NOT_NOW},
            scope=Permission.AUDIT_OPEN,
            request=body(ref(Agreement)),
        ),
    },
    TEXT_PATH: {
        "parameters": [
            in_path("list", "The id of a list"),
            in_path("state", "A state of the log, hexadecimal"),
        ],
        "get": operation(
            "The text of an opened list, to the two persons; each time itself a leaf of the public log",
            {
                "200": plain_text("The canonical text")
                | {
                    "headers": {
                        name: {"required": True, "schema": TEXT} for name in (OPENING_HEADER, LEAF_HEADER)
                    }
                },
                "404": problem("Nobody asked for it, or it cannot be opened any more"),
                "409": _NOT_NOW,
                "503": CLOSED,
            },
            scope=Permission.AUDIT_OPEN,
            parameters=(query("part", "Which text: entries, or the edits of people", words(*Part)),),
        ),
    },
}


async def index(request: web.Request) -> web.Response:
    """All of them on one page: there are never many."""
    parameters(request.query, ())
    appliance = request.app[APPLIANCE]
    async with (await appliance.connect()).reading() as transaction:
        found = await list_openings(transaction, request[ACTOR])
    return web.json_response({"items": [_body(one, appliance.now()) for one in found]})


async def get(request: web.Request) -> web.Response:
    """One of them."""
    parameters(request.query, ())
    appliance = request.app[APPLIANCE]
    async with (await appliance.connect()).reading() as transaction:
        found = await get_opening(transaction, request[ACTOR], request.match_info["id"])
    return web.json_response(_body(found, appliance.now()))


async def post(request: web.Request) -> web.Response:
    """Ask: 201."""
    parameters(request.query, ())
    asked = checked(NewOpening, await read_object(request))

    async def ask(transaction: Transaction, _declared: Config, act: Act) -> Opening:
        state = await wanted_state(request, transaction, asked.state, asked.at)
        wish = Wish(asked.list, state, asked.purpose)
        said = Act(act.actor, act.at, asked.reason.strip())
        return await ask_opening(transaction, said, wish, random=secrets.token_bytes(ID_BYTES))

    made, standing = await change(request, ask)
    shown = _body(made, request.app[APPLIANCE].now())
    headers = standing.headers | {"Location": f"{PATH}/{made.id}"}
    return web.json_response(shown, status=HTTPStatus.CREATED, headers=headers)


async def post_approve(request: web.Request) -> web.Response:
    """Agree, with a reason of one's own."""
    parameters(request.query, ())
    asked = checked(Agreement, await read_object(request))

    async def agree(transaction: Transaction, _declared: Config, act: Act) -> Opening:
        said = Act(act.actor, act.at, asked.reason.strip())
        return await agree_to_opening(transaction, said, request.match_info["id"])

    done, standing = await change(request, agree)
    return web.json_response(_body(done, request.app[APPLIANCE].now()), headers=standing.headers)


async def delete(request: web.Request) -> web.Response:
    """End one: 204."""
    parameters(request.query, ())

    async def end(transaction: Transaction, _declared: Config, act: Act) -> None:
        await end_opening(transaction, act, request.match_info["id"])

    _, standing = await change(request, end)
    return web.Response(status=HTTPStatus.NO_CONTENT, headers=standing.headers)


async def get_text(request: web.Request) -> web.StreamResponse:
    """``part`` (``entries`` by default). The leaf is in the log before the first byte leaves."""
    part = part_of(parameters(request.query, ("part",)))
    appliance = request.app[APPLIANCE]
    wish = wish_in(request)
    act = Act(request[ACTOR], appliance.now())
    database = await appliance.connect()
    with seat(request):
        async with database.reading() as transaction:
            opening = await usable(transaction, act, wish)
            state = await list_state(transaction, wish.state, wish.list_id)
        opened = await appliance.archive.opened(wish.list_id, state, part)
        leaf = await give(
            database, appliance.archive.logged, act, opening.id, {"part": part.value, **facts_of(state)}
        )
        headers = {OPENING_HEADER: opened.opening.hex(), LEAF_HEADER: f"{leaf.origin}#{leaf.index}"}
        return await _send(request, opened.text, headers)


async def _send(request: web.Request, text: bytes, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.content_type, response.charset = "text/plain", "utf-8"
    response.content_length = len(text)
    await response.prepare(request)
    try:
        async with asyncio.timeout(_LONGEST_SENDING):
            for start in range(0, len(text), _PIECE):
                await response.write(text[start : start + _PIECE])
            await response.write_eof()
    except (TimeoutError, ConnectionError):  # too slow, or gone: there is nobody to tell
        if request.transport is not None:
            request.transport.abort()
    return response


def _body(one: Opening, now: float) -> dict[str, Any]:
    return {
        "id": one.id,
        "list": one.wish.list_id,
        "state": one.wish.state,
        "purpose": one.wish.purpose.value,
        "reason": one.reason,
        "stage": one.stage(now).value,
        "asker": one.asker.holder,
        "asker_role": one.asker.role.value,
        "asked": one.asked,
        "agreer": one.agreer.holder if one.agreer else "",
        "agreer_role": one.agreer.role.value if one.agreer else "",
        "agreed": one.agreed,
        "ends": one.ends,
        "left": one.left,
    }
