"""Private parts of events over the API: one is read with a reason, many are erased by two persons."""

from __future__ import annotations

import contextlib
import re
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from admin.api.bodies import checked, read_object
from admin.api.changes import change, reason_of
from admin.api.describing import (
    COUNT,
    FLAG,
    TEXT,
    Paths,
    Schema,
    array,
    body,
    exactly,
    in_path,
    json,
    operation,
    problem,
    ref,
)
from admin.api.keys import ACTOR, APPLIANCE
from admin.api.paging import parameters
from admin.api.problem import ProblemError
from admin.api.resource_paths import REASON
from admin.config import Config
from admin.services.actors import Permission
from admin.services.acts import LONGEST_REASON, Act
from admin.services.audit_erasing import Erased, Target, erase_private
from admin.services.audit_private import open_private
from admin.store.database import Transaction
from admin.store.errors import StoreError

PRIVATE, ERASURES = "/api/v1/audit/private/{sequence}", "/api/v1/audit/erasures"
_LAST = 10**18
"""Sequences have 64 bits."""
_SEQUENCE = re.compile("[1-9][0-9]{0,17}", re.ASCII)
"""The same as text."""


class Erasing(BaseModel):
    """Whose traces are to be erased (one of holder, subscriber and event), and why."""

    model_config = ConfigDict(extra="forbid", strict=True)
    holder: Annotated[str, Field(max_length=200)] = ""
    subscriber: Annotated[str, Field(max_length=200)] = ""
    event: Annotated[int, Field(ge=1, lt=_LAST)] | None = None
    reason: Annotated[str, Field(max_length=LONGEST_REASON)]


MODELS = (Erasing,)
SCHEMAS: dict[str, Schema] = {
    "PrivatePart": exactly(
        origin=TEXT | {"description": "The log"},
        index=COUNT,
        leaf=TEXT | {"description": "The leaf, as it stands in the log"},
        leaf_hash=TEXT,
        opening=TEXT | {"description": "32 bytes, hexadecimal; empty once erased"},
        private=TEXT
        | {
            "description": "Canonical JSON; SHA-256 of 0x05, opening and it is `priv` of the leaf. Empty once erased"
        },
        sequence=COUNT,
        erased=FLAG,
    ),
    "PrivateParts": exactly(items=array(ref("PrivatePart"))),
    "Erased": exactly(
        waits=FLAG | {"description": "A second person must ask for the same within 24 hours"},
        events=COUNT,
        parts=COUNT | {"description": "Openings that were destroyed"},
    ),
}
PATHS: Paths = {
    PRIVATE: {
        "parameters": [in_path("sequence", "The number of an event")],
        "get": operation(
            "The private part of an event with its opening; itself an event",
            {
                "200": json("For each log that has a leaf of it", ref("PrivateParts")),
                "404": problem("No public log has a leaf of it"),
                "422": problem("There is no reason"),
            },
            scope=Permission.AUDIT_PRIVATE,
            parameters=(REASON | {"required": True},),
        ),
    },
    ERASURES: {
        "post": operation(
            "Erase private parts of events; the log's leaves stay",
            {
                "200": json("Erased, or waiting for a second person", ref("Erased")),
                "404": problem("Nothing private is kept of it"),
                "409": problem("Not as things are; the detail says why"),
            },
            scope=Permission.AUDIT_ERASE,
            request=body(ref(Erasing)),
        )
    },
}


async def get_private(request: web.Request) -> web.Response:
    """``Weir-Reason`` is asked for. The event is durable before anything is given out."""
    parameters(request.query, ())
    number = request.match_info["sequence"]
    if _SEQUENCE.fullmatch(number) is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no event {number[:40]!r}")
    appliance = request.app[APPLIANCE]
    act = Act(request[ACTOR], appliance.now(), reason_of(request))
    async with (await appliance.connect()).transaction() as transaction:
        parts = await open_private(transaction, act, int(number))
    await appliance.store_changed()
    return web.json_response({"items": [asdict(part) | {"erased": part.is_erased} for part in parts]})


async def post_erasures(request: web.Request) -> web.Response:
    """One of ``holder``, ``subscriber`` and ``event``, and a ``reason``."""
    parameters(request.query, ())
    asked = checked(Erasing, await read_object(request))
    target = Target(asked.holder, asked.subscriber, asked.event)

    async def erase(transaction: Transaction, _declared: Config, act: Act) -> Erased:
        said = Act(act.actor, act.at, asked.reason.strip())
        return await erase_private(transaction, said, target)

    done, standing = await change(request, erase)
    if not done.waits:
        with contextlib.suppress(
            StoreError
        ):  # what is erased is erased; its traces go with the next checkpoint
            await (await request.app[APPLIANCE].connect()).fold()
    return web.json_response(asdict(done), headers=standing.headers)
